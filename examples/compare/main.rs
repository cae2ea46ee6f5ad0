//! What it costs to call async code from sync code, with `smartasync` and in the other ways that people do it: a table
//! and charts.
//!
//! Everything is measured in turns, and given as a ratio. The charts go to `docs/figures`, those of `--quick` into a
//! folder beside the program. Everything keeps to one core, but threads that call at once, idle threads and a server on
//! another core. Other load on the machine moves the figures.
//!
//! Run with: `cargo run --release --example compare`

#[path = "../../benches/calls/mod.rs"]
mod calls;
mod charts;
#[path = "../../benches/cores/mod.rs"]
mod cores;
mod designs;
#[path = "../../benches/echo/mod.rs"]
mod echo;
mod idle_threads;
#[path = "../../benches/other_thread/mod.rs"]
mod other_thread;
#[path = "../../benches/peers/mod.rs"]
mod peers;
mod processes;
mod progress;
mod questions;
mod server;
mod table;
mod timing;
#[path = "../../benches/turns/mod.rs"]
mod turns;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use clap::Parser;

use progress::Progress;
use questions::Question;
use timing::Effort;

#[derive(Debug, Parser)]
#[command(
    about = "What a call of async code from sync code costs, beside the other ways to make it"
)]
struct Options {
    /// Takes few turns, to see that everything runs. The figures mean little.
    #[arg(long)]
    quick: bool,
    /// The folder that the charts are written to. Default: docs/figures, with `--quick` a folder beside the program.
    #[arg(long, value_name = "DIR")]
    figures: Option<PathBuf>,
    /// Asks one question only. Default: all.
    #[arg(long, value_enum)]
    question: Option<Question>,
    /// Serves bytes on loopback (for the process that the program starts).
    #[arg(long, hide = true)]
    serve: bool,
    /// Starts idle threads, and prints what they take (for the processes that the program starts).
    #[arg(long, hide = true, value_enum)]
    idle_threads: Option<idle_threads::Kind>,
}

fn main() {
    let options = Options::parse();
    if options.serve {
        return server::run();
    }
    if let Some(kind) = options.idle_threads {
        return idle_threads::run(kind);
    }
    let core_count = thread::available_parallelism().expect("the system tells").get();
    let folder = options.figures.unwrap_or_else(|| default_folder(options.quick));
    fs::create_dir_all(&folder).expect("the folder of the charts can be made");
    let effort = if options.quick { Effort::QUICK } else { Effort::FULL };
    let questions = options.question.map_or_else(Question::all, |one| vec![one]);
    let progress = Progress::new(questions.len());
    let answers: Vec<_> =
        questions.iter().map(|question| question.ask(&effort, &progress, core_count)).collect();
    progress.finish();
    for answer in &answers {
        charts::draw(answer, &folder);
    }
    charts::embed(&folder);
    table::print(&answers, &folder);
}

fn default_folder(quick: bool) -> PathBuf {
    if quick {
        return env::current_exe().expect("the program has a path").with_file_name("figures");
    }
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/figures")
}
