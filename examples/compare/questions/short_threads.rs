//! What does a call cost a thread that ends after it?

use std::thread;

use super::calls::legend;
use super::{Answer, Chart, Column, Question};
use crate::calls::suspends_once;
use crate::designs;
use crate::peers;
use crate::progress::Progress;
use crate::timing::{Effort, Repeat, costs};

const BARE: &str = "bare thread";

type Kind = (&'static str, fn());

const KINDS: [Kind; 6] = [
    (designs::SMARTASYNC, || smartasync::block_on(suspends())),
    (designs::SHARED, || designs::shared(suspends())),
    (designs::MULTI_THREAD, || peers::multi_thread(suspends())),
    (designs::POLLSTER, || peers::pollster(suspends())),
    (designs::RUNTIME_A_CALL, || peers::runtime_a_call(suspends())),
    (BARE, || ()),
];

async fn suspends() {
    suspends_once(1).await;
}

pub(crate) fn ask(effort: &Effort, progress: &Progress) -> Answer {
    progress.begin("short-lived threads", KINDS.len() * effort.rounds);
    let costs = costs(effort, progress, KINDS.map(|(_, call)| on_new_threads(call)));
    let ratios = KINDS.iter().zip(costs).map(|((name, _), cost)| (*name, cost.ratio)).collect();
    let column = Column {
        heading: ["short", "thr"],
        legend: legend("start a thread, one call that suspends once, end", costs[0].time),
        ratios,
    };
    let bare = column.ratio(BARE);
    let meaning = format!(
        "A thread that makes one call and ends takes {:.2} of the time of a bare thread with `smartasync`, and {:.2} \
         with a runtime of its own, which it builds and drops.",
        1.0 / bare,
        column.ratio(designs::RUNTIME_A_CALL) / bare,
    );
    Answer {
        question: Question::ShortThreads,
        title: "What does a call cost a thread that ends after it?".into(),
        axis: "time of a thread from start to end, smartasync = 1 (less is better)",
        chart: Chart::Bars { is_logarithmic: false },
        columns: vec![column],
        meaning,
    }
}

fn on_new_threads(call: fn()) -> Repeat<'static> {
    Box::new(move |count| {
        for _ in 0..count {
            thread::spawn(call).join().expect("the call does not panic");
        }
    })
}
