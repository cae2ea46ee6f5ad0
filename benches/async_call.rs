//! What does the `.await` of a decorated function cost, beside that of a plain `async fn`, inside a task? The two take
//! turns.

mod calls;
mod turns;

use std::hint::black_box;

use calls::{call_ready, call_suspends_once, ready, suspends_once};
use tokio::runtime::Runtime;

/// The number of awaits in one turn: enough that the cost of the runtime's own `block_on` does not count.
const AWAITS: u32 = 10_000;

/// Awaits the futures that `function` returns, one after another, in one task.
fn awaits<F>(runtime: &Runtime, function: impl Fn(u32) -> F + Copy + Send + 'static) -> impl FnMut()
where
    F: IntoFuture<Output = u32, IntoFuture: Send> + Send + 'static,
{
    move || {
        let task = runtime.spawn(async move {
            for number in 0..AWAITS {
                black_box(function(black_box(number)).await);
            }
        });
        runtime.block_on(task).unwrap();
    }
}

fn main() {
    let runtime = Runtime::new().unwrap();
    let times = turns::take(
        turns::rounds(2_000),
        [
            &mut awaits(&runtime, ready),
            &mut awaits(&runtime, call_ready),
            &mut awaits(&runtime, suspends_once),
            &mut awaits(&runtime, call_suspends_once),
        ],
    );
    for (name, plain, decorated) in [("ready", 0, 1), ("suspends once", 2, 3)] {
        let [plain_time, decorated_time] = [plain, decorated]
            .map(|kind| times.median(kind).as_secs_f64() / f64::from(AWAITS) * 1e9);
        let ratio = times.ratio(decorated, plain);
        println!(
            "{name}: plain {plain_time:.1} ns, decorated {decorated_time:.1} ns, ratio in turns {ratio:.3}"
        );
    }
}
