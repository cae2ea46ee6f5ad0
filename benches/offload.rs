//! What does an offloaded call cost, beside what it replaces: `spawn_blocking` where it is awaited, the plain function
//! where it is waited for? They take turns.

mod turns;

use std::hint::black_box;

use smartasync::offload;
use tokio::runtime::Builder;
use tokio::task::spawn_blocking;

const AWAITS: u64 = 100;
const CALLS: u64 = 100_000;

/// Does some work that the compiler cannot leave out.
#[inline(never)]
fn mix(number: u64) -> u64 {
    black_box(number).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(7)
}

fn main() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let [offloaded, spawned, waited, called] = turns::medians(
        turns::rounds(2_000),
        [
            &mut || {
                runtime.block_on(async {
                    for number in 0..AWAITS {
                        black_box(offload(move || mix(number)).await);
                    }
                });
            },
            &mut || {
                runtime.block_on(async {
                    for number in 0..AWAITS {
                        black_box(spawn_blocking(move || mix(number)).await.unwrap());
                    }
                });
            },
            &mut || {
                for number in 0..CALLS {
                    black_box(offload(move || mix(number)).wait());
                }
            },
            &mut || {
                for number in 0..CALLS {
                    black_box(mix(number));
                }
            },
        ],
    )
    .map(|time| time.as_secs_f64());
    println!("awaited, against `spawn_blocking`: {:.2}", offloaded / spawned);
    let beyond = (waited - called) / CALLS as f64 * 1e9;
    println!("waited for, beyond the function itself: {beyond:.2} ns");
}
