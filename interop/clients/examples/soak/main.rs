//! Mixed callers on one client for minutes, with threads that die, resets, limits and cancels: every answer is right, and
//! descriptors, threads and memory stay flat.
//!
//! Run with `cargo run --release -p smartasync-interop-clients --example soak -- --minutes 30`.

mod callers;
mod chart;
mod resources;
mod server;

use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;

use callers::Soak;
use resources::{Resources, Sample};
use server::Server;

/// Makes calls from every kind of caller, and watches what the process holds.
#[derive(Debug, Parser)]
struct Options {
    /// How long the callers make calls.
    #[arg(long, default_value_t = 2.0)]
    minutes: f64,
    /// Be the server (used by the program itself).
    #[arg(long, hide = true)]
    serve: bool,
}

/// How many samples are taken.
const SAMPLES: u32 = 120;
/// The longest time without any answer.
const LIMIT: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    let options = Options::parse();
    if options.serve {
        server::serve();
    }
    let server = Server::start();
    let soak = Soak::start(server.url());
    let samples =
        watch(&soak, Duration::from_secs_f64(options.minutes * 60.0 / f64::from(SAMPLES)));
    let has_ended = soak.end();
    chart::print(&samples);
    println!("{:#?}", soak.counts);
    let wrong = soak.counts.wrong.load(Ordering::Relaxed);
    let growing = Resources::growing(&samples);
    println!("{wrong} wrong answers; growing: {growing:?}; all callers ended: {has_ended}");
    ExitCode::from(u8::from(wrong > 0 || !growing.is_empty() || !has_ended))
}

/// Takes the samples. Ends the process if there are no answers for too long.
fn watch(soak: &Soak, pause: Duration) -> Vec<Sample> {
    let (mut last, mut since) = (0, Instant::now());
    let sample = |index| {
        thread::sleep(pause);
        let right = soak.counts.right.load(Ordering::Relaxed);
        if right > last {
            (last, since) = (right, Instant::now());
        }
        if since.elapsed() > LIMIT.max(pause * 2) {
            eprintln!("no answer for {:?}, at sample {index}: {:#?}", since.elapsed(), soak.counts);
            std::process::exit(1);
        }
        Sample { right, resources: Resources::of_process() }
    };
    (0..SAMPLES).map(sample).collect()
}
