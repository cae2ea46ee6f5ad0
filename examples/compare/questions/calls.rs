//! What does a call cost?

use std::time::Duration;

use super::{Answer, Chart, Column, Question};
use crate::designs::{self, Design};
use crate::progress::Progress;
use crate::timing::{Cost, Effort, Repeat, costs};

/// Which of the design's functions, and what it is called in the table and in the legend.
type Kind = (fn(&Design) -> fn(u32), [&'static str; 2], &'static str);

const KINDS: [Kind; 3] = [
    (|design| design.ready, ["call", "ready"], "ready at once"),
    (|design| design.suspends_once, ["call", "once"], "suspends once"),
    (|design| design.woken_by_a_thread, ["call", "woken"], "woken by another thread"),
];

pub(crate) fn ask(effort: &Effort, progress: &Progress) -> Answer {
    let turns = KINDS.len() * designs::ALL.len() * effort.rounds;
    progress.begin("calls", turns);
    let columns = KINDS.map(|(function, heading, name)| {
        let kinds = designs::ALL.each_ref().map(|design| Box::new(function(design)) as Repeat<'_>);
        let costs = costs(effort, progress, kinds);
        Column { heading, legend: legend(name, costs[0].time), ratios: ratios(costs) }
    });
    let [ready, once, woken] = &columns;
    let meaning = format!(
        "A call that is ready takes {:.2} of the time of a reused `Runtime::block_on`, one that suspends once {:.2}, \
         one that another thread wakes {:.2}; a runtime a call takes {:.0}, {:.0} and {:.1} times as long as \
         `smartasync`. In the `block_on` of `futures_lite`, `pollster` and `async_io`, Tokio's sockets and timers \
         panic.",
        1.0 / ready.ratio(designs::REUSED),
        1.0 / once.ratio(designs::REUSED),
        1.0 / woken.ratio(designs::REUSED),
        ready.ratio(designs::RUNTIME_A_CALL),
        once.ratio(designs::RUNTIME_A_CALL),
        woken.ratio(designs::RUNTIME_A_CALL),
    );
    Answer {
        question: Question::Calls,
        title: "What does a call from a plain thread cost?".into(),
        axis: "time of a call, smartasync = 1 (less is better)",
        chart: Chart::Bars { is_logarithmic: true },
        columns: columns.into(),
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

fn ratios<const N: usize>(costs: [Cost; N]) -> Vec<(&'static str, f64)> {
    designs::ALL.iter().zip(costs).map(|(design, cost)| (design.name, cost.ratio)).collect()
}
