//! Compares several kinds of call: criterion measures each by itself, then they take turns, which gives ratios.
//!
//! A program that includes it has `mod turns` too.

#![allow(dead_code, reason = "each bench uses the part that it needs")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::Criterion;

use crate::turns::{self, Times};

/// Makes as many calls as it is told.
type Calls<'a> = Box<dyn FnMut(u64) + 'a>;

/// Kinds of call that do the same thing.
pub(crate) struct Comparison<'a> {
    name: &'a str,
    kinds: Vec<(&'a str, Calls<'a>)>,
    turn: Duration,
    rounds: usize,
}

/// What was measured in turns.
pub(crate) struct Measured<'a> {
    name: &'a str,
    kinds: Vec<(&'a str, u64)>,
    times: Times,
}

impl<'a> Comparison<'a> {
    pub(crate) fn new(name: &'a str) -> Comparison<'a> {
        Comparison { name, kinds: Vec::new(), turn: Duration::from_millis(1), rounds: 300 }
    }

    /// How long a turn takes, and how many there are. It has to be so long that neither reading the clock nor what
    /// the other kinds have left in the caches counts: with turns of 500 calls, a ready one took 0.03 more of its
    /// peer's time.
    pub(crate) fn turns(mut self, turn: Duration, rounds: usize) -> Comparison<'a> {
        (self.turn, self.rounds) = (turn, rounds);
        self
    }

    /// Adds a kind. Its calls are not inlined into the loop that makes them, as in a real program: inlined, a peer
    /// took 173 or 184 ns, depending on what else was in its file.
    pub(crate) fn kind<T>(self, name: &'a str, mut call: impl FnMut() -> T + 'a) -> Comparison<'a> {
        #[inline(never)]
        fn apart<T>(call: &mut impl FnMut() -> T) -> T {
            call()
        }
        self.calls(name, move |number| (0..number).for_each(|_| drop(black_box(apart(&mut call)))))
    }

    /// Adds a kind that makes as many calls as it is told.
    pub(crate) fn calls(mut self, name: &'a str, calls: impl FnMut(u64) + 'a) -> Comparison<'a> {
        self.kinds.push((name, Box::new(calls)));
        self
    }

    /// Measures: first with criterion, then in turns.
    pub(crate) fn measure(mut self, criterion: &mut Criterion) -> Measured<'a> {
        let mut group = criterion.benchmark_group(self.name);
        group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
        for (name, calls) in &mut self.kinds {
            group.bench_function(*name, |b| {
                b.iter_custom(|iterations| timed(calls, iterations));
            });
        }
        group.finish();
        let turn = if turns::is_test() { Duration::ZERO } else { self.turn };
        let numbers: Vec<_> =
            self.kinds.iter_mut().map(|(_, calls)| calls_within(turn, calls)).collect();
        let kinds = self.kinds.iter_mut().zip(&numbers);
        let mut kinds: Vec<_> = kinds.map(|((_, calls), &number)| move || calls(number)).collect();
        let mut kinds: Vec<_> = kinds.iter_mut().map(|kind| kind as &mut dyn FnMut()).collect();
        let times = turns::take_all(turns::rounds(self.rounds), &mut kinds);
        drop(kinds);
        let names = self.kinds.iter().map(|(name, _)| *name);
        Measured { name: self.name, kinds: names.zip(numbers).collect(), times }
    }
}

/// The time of `number` calls.
fn timed(calls: &mut Calls<'_>, number: u64) -> Duration {
    let start = Instant::now();
    calls(number);
    start.elapsed()
}

/// Returns a number of calls that take at least as long as the turn. Of three times the shortest counts: in the others
/// the machine may have been busy elsewhere.
fn calls_within(turn: Duration, calls: &mut Calls<'_>) -> u64 {
    let mut number = 1;
    while (0..3).any(|_| timed(calls, number) < turn) {
        number *= 2;
    }
    number
}

impl Measured<'_> {
    /// The time of a call of one kind against that of another.
    pub(crate) fn ratio(&self, kind: usize, other: usize) -> f64 {
        let calls = |kind: usize| self.kinds[kind].1 as f64;
        self.times.ratio(kind, other) * calls(other) / calls(kind)
    }

    /// Prints what the first kind takes of the time of each other one.
    pub(crate) fn print_first(&self) {
        println!("{}, in turns: the time of {}, against that of", self.name, self.kinds[0].0);
        self.print_rows(|kind| self.ratio(0, kind));
    }

    /// Prints what each other kind takes of the time of the first one.
    pub(crate) fn print_others(&self) {
        println!("{}, in turns: the time against that of {}", self.name, self.kinds[0].0);
        self.print_rows(|kind| self.ratio(kind, 0));
    }

    fn print_rows(&self, ratio: impl Fn(usize) -> f64) {
        let width = self.kinds.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (kind, (name, _)) in self.kinds.iter().enumerate().skip(1) {
            println!("  {name:width$}  {}", readable(ratio(kind)));
        }
        println!();
    }
}

/// Writes a small ratio as a fraction.
fn readable(ratio: f64) -> String {
    if ratio < 0.05 { format!("1/{:.0}", 1.0 / ratio) } else { format!("{ratio:.3}") }
}
