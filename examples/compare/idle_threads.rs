//! Many threads that have made a call and are parked, in a process of its own: what each of them takes.

use std::fs;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use clap::ValueEnum;

use crate::calls::suspends_once;
use crate::designs;
use crate::peers;
use crate::processes;

pub(crate) const THREADS: usize = 200;
pub(crate) const FURTHER: &str = "smartasync, further threads";

/// How many runtimes the process-wide bridge has for each core.
const RUNTIMES: usize = 16;

/// What each thread does before it is parked.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(crate) enum Kind {
    Smartasync,
    /// Threads that come once there are as many runtimes as there may be.
    Further,
    Shared,
    Reused,
    MultiThread,
    Bare,
}

/// What one thread takes.
#[derive(Clone, Copy)]
pub(crate) struct Taken {
    pub(crate) kib: f64,
    pub(crate) descriptors: f64,
    /// Threads in the process, itself included.
    pub(crate) threads: f64,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Smartasync => designs::SMARTASYNC,
            Kind::Further => FURTHER,
            Kind::Shared => designs::SHARED,
            Kind::Reused => designs::REUSED,
            Kind::MultiThread => designs::MULTI_THREAD,
            Kind::Bare => "bare thread",
        }
    }

    /// Starts the process, and reads what it has counted.
    pub(crate) fn count(self) -> Taken {
        let name = self.to_possible_value().expect("no kind is skipped");
        let argument = format!("--idle-threads={}", name.get_name());
        let output = processes::of_this_program(&argument).output().expect("a process");
        assert!(output.status.success(), "the process of {name:?} has ended well");
        let text = String::from_utf8(output.stdout).expect("numbers are text");
        let numbers: Vec<f64> =
            text.split_whitespace().map(|number| number.parse().expect("a number")).collect();
        let [kib, descriptors, threads] = numbers[..] else { panic!("three numbers: {text}") };
        Taken { kib, descriptors, threads }
    }

    fn call(self) {
        let future = suspends_once(1);
        let _ = match self {
            Kind::Smartasync | Kind::Further => smartasync::block_on(future),
            Kind::Shared => designs::shared(future),
            Kind::Reused => peers::reused_runtime(future),
            Kind::MultiThread => peers::multi_thread(future),
            Kind::Bare => return,
        };
    }
}

/// Prints what each thread takes: KiB of resident memory, descriptors, threads.
pub(crate) fn run(kind: Kind) {
    // What the first call in a process starts belongs to no thread.
    kind.call();
    let cores = thread::available_parallelism().expect("the system tells").get();
    let earlier = if let Kind::Further = kind { RUNTIMES * cores } else { 0 };
    let may_end = Barrier::new(earlier + THREADS + 1);
    thread::scope(|scope| {
        let start = |count| {
            let have_called = Arc::new(Barrier::new(count + 1));
            for _ in 0..count {
                let (have_called, may_end) = (Arc::clone(&have_called), &may_end);
                scope.spawn(move || {
                    kind.call();
                    have_called.wait();
                    may_end.wait();
                });
            }
            have_called.wait();
            // Long enough that the threads are at rest, and whatever takes over from them has done so.
            thread::sleep(Duration::from_millis(500));
            of_this_process()
        };
        let (before, after) = (start(earlier), start(THREADS));
        may_end.wait();
        let [kib, descriptors, threads] =
            std::array::from_fn(|what| (after[what] - before[what]) / THREADS as f64);
        println!("{kib} {descriptors} {threads}");
    });
}

/// KiB of resident memory, descriptors, threads.
fn of_this_process() -> [f64; 3] {
    let status = fs::read_to_string("/proc/self/status").expect("Linux has it");
    let number = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        number.expect("the line has a number")
    };
    let descriptors = fs::read_dir("/proc/self/fd").expect("Linux has it").count();
    [number("VmRSS:"), descriptors as f64, number("Threads:")]
}
