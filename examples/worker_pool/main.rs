//! One function for all callers: what becomes of it in the ways that people write it.
//!
//! An HTTP request is made by plain threads, in `spawn_blocking`, in Tokio's tasks, on another executor, and by sync code
//! inside async code. Each way runs in a process of its own, every answer is checked, and what has not ended after a
//! deadline is counted as hung. The exit status is 1 if `smartasync` gives a wrong answer or hangs.
//!
//! Run with: `cargo run --release --example worker_pool`

mod callers;
mod server;
mod table;
mod ways;

use std::env;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use clap::Parser;
use clap::ValueEnum;

use callers::{Kind, Load};
use ways::Way;

#[derive(Debug, Parser)]
#[command(about = "One function for all callers, in the ways that people write it")]
struct Options {
    /// Callers of each kind.
    #[arg(long, default_value_t = 4)]
    callers: usize,
    /// Requests that each caller makes.
    #[arg(long, default_value_t = 500)]
    requests: usize,
    /// How long a kind of callers may take, in seconds. What has not ended then has hung.
    #[arg(long, default_value_t = 3.0)]
    limit: f64,
    /// Runs one way only. Default: all.
    #[arg(long, value_enum)]
    way: Option<Way>,
    /// Where the server is (set by the program itself, for the processes that it starts).
    #[arg(long, hide = true)]
    url: Option<String>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if let (Some(way), Some(url)) = (options.way, &options.url) {
        let load = Load {
            callers: options.callers,
            requests: options.requests,
            limit: Duration::from_secs_f64(options.limit),
        };
        run(way, url, &load)
    }
    let url = server::start();
    table::print_header();
    let ways =
        Way::value_variants().iter().filter(|way| options.way.is_none_or(|one| one == **way));
    let wrong = ways.filter(|way| !run_in_a_process(**way, &url)).count();
    table::print_footer();
    ExitCode::from(u8::from(wrong > 0))
}

/// Runs one way with each kind of callers, prints a row for each, and ends the process, with whatever hangs in it.
fn run(way: Way, url: &str, load: &Load) -> ! {
    // Each panic is counted. Most of them would be printed hundreds of times.
    std::panic::set_hook(Box::new(|_| {}));
    let mut is_right = true;
    for kind in Kind::ALL {
        let outcomes = callers::run(way, kind, url, load);
        table::print_row(way, kind, &outcomes);
        is_right &= outcomes.wrong + outcomes.hung == 0;
    }
    std::process::exit(i32::from(way.is_ours() && !is_right))
}

/// Returns whether the process ended as it should.
fn run_in_a_process(way: Way, url: &str) -> bool {
    let program = env::current_exe().expect("the program has a path");
    let name = way.to_possible_value().expect("no way is skipped");
    let mut command = Command::new(program);
    command.args(env::args_os().skip(1)).args(["--url", url]).stdin(Stdio::null());
    if !env::args().any(|argument| argument.starts_with("--way")) {
        command.args(["--way", name.get_name()]);
    }
    command.status().expect("the program can be started again").success()
}
