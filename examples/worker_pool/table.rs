//! The table.

use std::time::Duration;

use clap::ValueEnum;

use crate::callers::{Kind, Outcomes};
use crate::ways::Way;

pub(crate) fn print_header() {
    println!(
        "{:<18} {:<22} {:>6} {:>6} {:>9} {:>6} {:>9} {:>9} {:>9}",
        "way", "callers", "right", "wrong", "panicked", "hung", "calls/s", "median", "99th"
    );
}

pub(crate) fn print_row(way: Way, kind: Kind, outcomes: &Outcomes) {
    let name = way.to_possible_value().expect("no way is skipped");
    let callers = match kind {
        Kind::Thread => "threads",
        Kind::SpawnBlocking => "spawn_blocking",
        Kind::Task => "tasks",
        Kind::OtherExecutor => "another executor",
        Kind::Nested => "sync in async in sync",
    };
    let right = outcomes.latencies.len();
    // A rate of anything but right answers would say how fast nothing is done.
    let (rate, median, late) = match right {
        0 => ("-".to_owned(), "-".to_owned(), "-".to_owned()),
        _ => (
            format!("{:.0}", right as f64 / outcomes.elapsed.as_secs_f64()),
            shown(outcomes.latencies[right / 2]),
            shown(outcomes.latencies[right * 99 / 100]),
        ),
    };
    println!(
        "{:<18} {callers:<22} {right:>6} {:>6} {:>9} {:>6} {rate:>9} {median:>9} {late:>9}",
        name.get_name(),
        outcomes.wrong,
        outcomes.panicked,
        outcomes.hung,
    );
}

fn shown(duration: Duration) -> String {
    format!("{duration:.0?}")
}

pub(crate) fn print_footer() {
    println!(
        "\nEach way is one function for all callers. A call that panics says that this caller needs another function; one that\n\
         gets something else than the answer (wrong: a coroutine, an error of a connection whose runtime is gone) or hangs\n\
         says nothing. With smartasync one function serves every caller; in sync code inside async code it is refused with\n\
         a message, or waits there, with `Nested::Park`."
    );
}
