//! What does a call cost in other places than a plain thread?

use std::hint::black_box;
use std::sync::mpsc::{Receiver, Sender, channel};

use tokio::runtime::{Builder, Handle, Runtime};

use super::calls::legend;
use super::{Answer, Chart, Column, Question};
use crate::calls;
use crate::designs::{self, repeat};
use crate::progress::Progress;
use crate::timing::{Cost, Effort, Repeat, costs};

const PLAIN: &str = "plain async fn";

pub(crate) fn ask(effort: &Effort, progress: &Progress) -> Answer {
    progress.begin("contexts", 8 * effort.rounds);
    let pool = Pool::start();
    let pooled = |ours: fn(u32), theirs: fn(u32)| {
        costs(effort, progress, [ours, theirs].map(|calls| pool.repeat(calls)))
    };
    let ready_in_pool = pooled(
        |count| repeat(count, |number| calls::call_ready(number).wait()),
        |count| repeat(count, |number| Handle::current().block_on(calls::ready(number))),
    );
    let once_in_pool = pooled(
        |count| repeat(count, |number| calls::call_suspends_once(number).wait()),
        |count| repeat(count, |number| Handle::current().block_on(calls::suspends_once(number))),
    );
    let runtime = Builder::new_current_thread().build().expect("a runtime can be built");
    macro_rules! awaited {
        ($function:path) => {
            Box::new(|count| {
                let task = runtime.spawn(async move {
                    for number in 0..count {
                        black_box($function(black_box(number)).await);
                    }
                });
                runtime.block_on(task).expect("no call panics");
            }) as Repeat<'_>
        };
    }
    let ready_awaited =
        costs(effort, progress, [awaited!(calls::call_ready), awaited!(calls::ready)]);
    let once_awaited = costs(
        effort,
        progress,
        [awaited!(calls::call_suspends_once), awaited!(calls::suspends_once)],
    );
    let columns = [
        column(["pool", "ready"], "spawn_blocking, ready", designs::HANDLE, ready_in_pool),
        column(["pool", "once"], "spawn_blocking, suspends once", designs::HANDLE, once_in_pool),
        column(["await", "ready"], "awaited in a task, ready", PLAIN, ready_awaited),
        column(["await", "once"], "awaited in a task, suspends once", PLAIN, once_awaited),
    ];
    let [ready_in_pool, once_in_pool, ready_awaited, once_awaited] = &columns;
    let meaning = format!(
        "On a thread of `spawn_blocking`, a wait takes {:.2} of the time of `Handle::block_on` for a future that is ready, \
         and {:.2} for one that suspends once. An `.await` of a decorated function takes {:.2} and {:.2} of that of a plain \
         `async fn`.",
        1.0 / ready_in_pool.ratio(designs::HANDLE),
        1.0 / once_in_pool.ratio(designs::HANDLE),
        1.0 / ready_awaited.ratio(PLAIN),
        1.0 / once_awaited.ratio(PLAIN),
    );
    Answer {
        question: Question::Contexts,
        title: "What does a call cost in spawn_blocking and in a task?".into(),
        axis: "time of a call, smartasync = 1 (less is better)",
        chart: Chart::Bars { is_logarithmic: false },
        columns: columns.into(),
        meaning,
    }
}

fn column(
    heading: [&'static str; 2],
    name: &str,
    other: &'static str,
    [own, of_other]: [Cost; 2],
) -> Column {
    Column {
        heading,
        legend: legend(name, own.time),
        ratios: vec![(designs::SMARTASYNC, own.ratio), (other, of_other.ratio)],
    }
}

/// A thread of `spawn_blocking` that makes calls.
struct Pool {
    jobs: Sender<(fn(u32), u32)>,
    done: Receiver<()>,
    _runtime: Runtime,
}

impl Pool {
    fn start() -> Pool {
        let runtime = Runtime::new().expect("a runtime can be built");
        let (jobs, received) = channel::<(fn(u32), u32)>();
        let (has_done, done) = channel();
        runtime.spawn_blocking(move || {
            for (calls, count) in received {
                calls(count);
                has_done.send(()).expect("the caller waits");
            }
        });
        Pool { jobs, done, _runtime: runtime }
    }

    fn repeat(&self, calls: fn(u32)) -> Repeat<'_> {
        Box::new(move |count| {
            self.jobs.send((calls, count)).expect("the job runs as long as there is a sender");
            self.done.recv().expect("no call panics");
        })
    }
}
