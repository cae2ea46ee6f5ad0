//! What does an item of a stream that is always ready cost, beside a `Runtime::block_on` of each item? The two take
//! turns.

mod turns;

use std::hint::black_box;

use smartasync::iter;
use tokio::runtime::Builder;
use tokio_stream::StreamExt;

const ITEMS: u64 = 1_000;

fn main() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let [iterated, blocked] = turns::medians(
        turns::rounds(2_000),
        [
            &mut || {
                for number in iter(tokio_stream::iter(0..ITEMS)) {
                    black_box(number);
                }
            },
            &mut || {
                let mut numbers = tokio_stream::iter(0..ITEMS);
                while let Some(number) = runtime.block_on(numbers.next()) {
                    black_box(number);
                }
            },
        ],
    )
    .map(|time| time.as_secs_f64());
    println!("an item: {:.0} ns", iterated / ITEMS as f64 * 1e9);
    println!("against a reused `Runtime::block_on`: {:.2}", iterated / blocked);
}
