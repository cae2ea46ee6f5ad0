//! Things that are compared with one another take turns, so that a noisy moment meets all of them.

use std::time::{Duration, Instant};

/// Runs all of `kinds` in turn, `rounds` times over, and returns the median time of each.
pub(crate) fn medians<const N: usize>(
    rounds: usize,
    mut kinds: [&mut dyn FnMut(); N],
) -> [Duration; N] {
    let mut times = [const { Vec::new() }; N];
    for _ in 0..rounds {
        for (kind, times) in kinds.iter_mut().zip(&mut times) {
            let start = Instant::now();
            kind();
            times.push(start.elapsed());
        }
    }
    times.map(|mut times: Vec<Duration>| {
        times.sort_unstable();
        times[rounds / 2]
    })
}

/// The rounds to make: all, or a few when the benches are only tested (`cargo bench -- --test`).
pub(crate) fn rounds(all: usize) -> usize {
    let is_test = std::env::args().any(|argument| argument == "--test");
    if is_test { 10 } else { all }
}
