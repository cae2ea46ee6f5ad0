//! What does a call cost?

use std::time::Duration;

use super::{Answer, Chart, Column, Question};
use crate::designs::{self, Design};
use crate::other_thread;
use crate::progress::Progress;
use crate::timing::{Cost, Effort, Repeat, costs};

/// Which of the design's functions, and what it is called in the table and in the legend.
type Kind = (fn(&Design) -> fn(u32), [&'static str; 2], &'static str);

const KINDS: [Kind; 2] = [
    (|design| design.ready, ["call", "ready"], "ready at once"),
    (|design| design.suspends_once, ["call", "once"], "suspends once"),
];

const PARK: &str = "std's park and unpark";

pub(crate) fn ask(effort: &Effort, progress: &Progress) -> Answer {
    let turns = (KINDS.len() + 1) * designs::ALL.len() + 1;
    progress.begin("calls", turns * effort.rounds);
    let [ready, once] = KINDS.map(|(function, heading, name)| {
        let kinds = designs::ALL.each_ref().map(|design| Box::new(function(design)) as Repeat<'_>);
        let costs = costs(effort, progress, kinds);
        Column { heading, legend: legend(name, costs[0].time), ratios: ratios(&costs) }
    });
    let woken = woken(effort, progress);
    let meaning = format!(
        "A call that is ready takes {:.2} of the time of a reused `Runtime::block_on`, one that suspends once {:.2}, \
         one that another thread wakes {:.2}, and {:.2} of that of std's `park`; a runtime a call takes {:.0}, {:.0} and {:.1} times as long as \
         `smartasync`, a multi-thread one {:.0}, {:.0} and {:.0} times. In the `block_on` of `futures_lite`, `pollster` and `async_io`, Tokio's sockets and timers \
         panic.",
        1.0 / ready.ratio(designs::REUSED),
        1.0 / once.ratio(designs::REUSED),
        1.0 / woken.ratio(designs::REUSED),
        1.0 / woken.ratio(PARK),
        ready.ratio(designs::RUNTIME_A_CALL),
        once.ratio(designs::RUNTIME_A_CALL),
        woken.ratio(designs::RUNTIME_A_CALL),
        ready.ratio(designs::MULTI_THREAD_A_CALL),
        once.ratio(designs::MULTI_THREAD_A_CALL),
        woken.ratio(designs::MULTI_THREAD_A_CALL),
    );
    Answer {
        question: Question::Calls,
        title: "What does a call from a plain thread cost?".into(),
        axis: "time of a call, smartasync = 1 (less is better)",
        chart: Chart::Bars { is_logarithmic: true },
        columns: vec![ready, once, woken],
        meaning,
    }
}

pub(super) fn legend(name: &str, time: Duration) -> String {
    let nanoseconds = time.as_nanos();
    let time = match nanoseconds {
        ..1_000 => format!("{nanoseconds} ns"),
        _ => format!("{:.1} µs", nanoseconds as f64 / 1_000.0),
    };
    format!("{name} (1 = {time})")
}

/// A call that another thread wakes, and the least that this can cost: two threads that only park.
fn woken(effort: &Effort, progress: &Progress) -> Column {
    let mut parked = other_thread::parked();
    let mut kinds: Vec<Repeat<'_>> = Vec::new();
    for design in &designs::ALL {
        kinds.push(Box::new(design.woken_by_a_thread));
    }
    kinds.push(Box::new(move |count| (0..count).for_each(|_| parked())));
    let kinds: [Repeat<'_>; designs::ALL.len() + 1] = kinds.try_into().ok().expect("one more");
    let costs = costs(effort, progress, kinds);
    let mut ratios = ratios(&costs);
    ratios.push((PARK, costs[designs::ALL.len()].ratio));
    Column {
        heading: ["call", "woken"],
        legend: legend("woken by another thread", costs[0].time),
        ratios,
    }
}

fn ratios(costs: &[Cost]) -> Vec<(&'static str, f64)> {
    designs::ALL.iter().zip(costs).map(|(design, cost)| (design.name, cost.ratio)).collect()
}
