//! Runs things that are compared with one another in turns, so that a noisy moment affects all of them.

#![allow(dead_code, reason = "each bench uses the part that it needs")]

use std::time::{Duration, Instant};

/// The times of `N` kinds, one for each round.
pub(crate) struct Times<const N: usize>([Vec<Duration>; N]);

/// Runs all `kinds` in turn, `rounds` times.
pub(crate) fn take<const N: usize>(rounds: usize, mut kinds: [&mut dyn FnMut(); N]) -> Times<N> {
    let mut times = [const { Vec::new() }; N];
    for _ in 0..rounds {
        for (kind, times) in kinds.iter_mut().zip(&mut times) {
            let start = Instant::now();
            kind();
            times.push(start.elapsed());
        }
    }
    Times(times)
}

/// Runs all `kinds` in turn, `rounds` times, and returns the median time of each.
pub(crate) fn medians<const N: usize>(
    rounds: usize,
    kinds: [&mut dyn FnMut(); N],
) -> [Duration; N] {
    take(rounds, kinds).0.map(|times| median(times, Duration::cmp))
}

impl<const N: usize> Times<N> {
    /// Returns the median over the rounds of the ratio of one kind's time to the other's. The machine is sometimes
    /// half as fast for some seconds: two medians may be of different times, the two turns of one round are not.
    pub(crate) fn ratio(&self, kind: usize, other: usize) -> f64 {
        let turns = self.0[kind].iter().zip(&self.0[other]);
        let ratios = turns.map(|(one, other)| one.as_secs_f64() / other.as_secs_f64());
        median(ratios.collect(), f64::total_cmp)
    }
}

fn median<T: Copy>(mut values: Vec<T>, compare: fn(&T, &T) -> std::cmp::Ordering) -> T {
    values.sort_unstable_by(compare);
    values[values.len() / 2]
}

/// The number of rounds: all, or a few when the benches are only tested (`cargo bench -- --test`).
pub(crate) fn rounds(all: usize) -> usize {
    let is_test = std::env::args().any(|argument| argument == "--test");
    if is_test { 10 } else { all }
}
