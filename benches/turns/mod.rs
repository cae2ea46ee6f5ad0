//! Runs things that are compared with one another in turns, so that a noisy moment affects all of them.

#![allow(dead_code, reason = "each bench uses the part that it needs")]

use std::array;
use std::time::{Duration, Instant};

/// The times of several kinds, one for each round.
pub(crate) struct Times(Vec<Vec<Duration>>);

/// Runs all `kinds` in turn, `rounds` times.
pub(crate) fn take<const N: usize>(rounds: usize, mut kinds: [&mut dyn FnMut(); N]) -> Times {
    take_all(rounds, &mut kinds)
}

/// Runs all `kinds` in turn, `rounds` times. Their number need not be known to the compiler.
pub(crate) fn take_all(rounds: usize, kinds: &mut [&mut dyn FnMut()]) -> Times {
    let mut times = vec![Vec::with_capacity(rounds); kinds.len()];
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
    let times = take(rounds, kinds);
    array::from_fn(|kind| times.median(kind))
}

impl Times {
    /// Returns the median time of one kind.
    pub(crate) fn median(&self, kind: usize) -> Duration {
        median(self.0[kind].clone(), Duration::cmp)
    }

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

/// Whether the benches are only tested (`cargo bench -- --test`).
pub(crate) fn is_test() -> bool {
    std::env::args().any(|argument| argument == "--test")
}

/// The number of rounds: all, or a few when the benches are only tested.
pub(crate) fn rounds(all: usize) -> usize {
    if is_test() { 10 } else { all }
}
