//! What does a call cost when many threads call at once?

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Barrier};
use std::thread;

use super::calls::legend;
use super::{Answer, Chart, Column, Line, Question};
use crate::cores;
use crate::designs::{self, Design};
use crate::progress::Progress;
use crate::timing::{Cost, Effort, Repeat, costs};

const DESIGNS: [&str; 4] =
    [designs::SMARTASYNC, designs::REUSED, designs::MULTI_THREAD, designs::RUNTIME_A_CALL];

/// How many threads call at once, and what the table calls that.
const COUNTS: [(usize, &str); 5] = [(1, "1"), (2, "2"), (4, "4"), (8, "8"), (16, "16")];

pub(crate) fn ask(effort: &Effort, progress: &Progress, cores: usize) -> Answer {
    // To wake sixteen threads takes a part of a turn: fewer and longer turns.
    let effort = &Effort { rounds: effort.rounds.div_ceil(2), turn: effort.turn * 4, ..*effort };
    progress.begin("threads at once", COUNTS.len() * (DESIGNS.len() + 1) * effort.rounds);
    let designs = DESIGNS.map(|name| {
        let found = designs::ALL.iter().find(|design| design.name == name);
        found.expect("all are there")
    });
    let mut lines = DESIGNS.map(|design| Line { design, points: Vec::new() });
    let columns = COUNTS.map(|(count, heading)| {
        let costs = at_once(effort, progress, count, designs);
        let own = costs[1].ratio;
        let legend = legend("a call that suspends once", costs[1].time);
        let ratios = DESIGNS.iter().zip(&costs[1..]).map(|(name, cost)| (*name, cost.ratio / own));
        for (line, cost) in lines.iter_mut().zip(&costs[1..]) {
            line.points.push((count as f64, cost.ratio));
        }
        Column { heading: ["thr", heading], legend, ratios: ratios.collect() }
    });
    let last = &columns[COUNTS.len() - 1];
    let meaning = format!(
        "With 16 threads at once, all calls together take {:.2} of the time that one thread takes for them with \
         `smartasync`; a reused `Runtime::block_on` takes {:.1}, one static multi-thread runtime {:.1} and a runtime a \
         call {:.0} times as long as `smartasync` does there.",
        lines[0].points[COUNTS.len() - 1].1,
        last.ratio(designs::REUSED),
        last.ratio(designs::MULTI_THREAD),
        last.ratio(designs::RUNTIME_A_CALL),
    );
    Answer {
        question: Question::Threads,
        title: format!("What does a call cost when many threads call at once? ({cores} cores)"),
        axis: "time (smartasync on one thread = 1, less is better)",
        chart: Chart::Lines { lines: lines.into() },
        columns: columns.into(),
        meaning,
    }
}

/// The costs of `smartasync` on one thread, and those of each design on so many threads.
fn at_once(effort: &Effort, progress: &Progress, count: usize, designs: [&Design; 4]) -> [Cost; 5] {
    let (one, all) = (Callers::start(1), Callers::start(count));
    let [ours, reused, multi_thread, runtime_a_call] = designs;
    let kind = |callers, design: &Design| -> Repeat<'_> {
        let (callers, call): (&Callers, _) = (callers, design.suspends_once);
        Box::new(move |count| callers.call(call, count))
    };
    let kinds = [
        kind(&one, ours),
        kind(&all, ours),
        kind(&all, reused),
        kind(&all, multi_thread),
        kind(&all, runtime_a_call),
    ];
    let mut costs = costs(effort, progress, kinds);
    // Each thread makes all the calls of a turn.
    for cost in &mut costs[1..] {
        cost.ratio /= count as f64;
        cost.time /= count as u32;
    }
    costs
}

type Job = (fn(u32), u32);

/// Threads that make calls at once, and wait between them. They share the cores evenly.
struct Callers {
    jobs: Vec<Sender<Job>>,
    ended: Arc<Barrier>,
}

impl Callers {
    fn start(count: usize) -> Callers {
        let ended = Arc::new(Barrier::new(count + 1));
        let start = |number| {
            let (sender, jobs) = channel::<Job>();
            let ended = Arc::clone(&ended);
            thread::spawn(move || {
                cores::keep_to(number);
                for (call, count) in jobs {
                    call(count);
                    ended.wait();
                }
            });
            sender
        };
        Callers { jobs: (0..count).map(start).collect(), ended }
    }

    fn call(&self, call: fn(u32), count: u32) {
        for jobs in &self.jobs {
            jobs.send((call, count)).expect("the thread receives as long as there is a sender");
        }
        self.ended.wait();
    }
}
