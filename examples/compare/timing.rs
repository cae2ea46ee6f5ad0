//! What one call takes, measured in turns.

use std::time::{Duration, Instant};

use crate::progress::Progress;
use crate::turns;

/// How much is measured.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    /// How many turns each kind has.
    pub(crate) rounds: usize,
    /// How long a turn takes. All turns of a round together take less than the idle timeout of `smartasync`, so that no
    /// thread counts as at rest while the others have their turns.
    pub(crate) turn: Duration,
    /// How many processes count their idle threads, for each kind.
    pub(crate) processes: usize,
}

impl Effort {
    pub(crate) const FULL: Effort =
        Effort { rounds: 1_000, turn: Duration::from_micros(200), processes: 5 };
    pub(crate) const QUICK: Effort =
        Effort { rounds: 5, turn: Duration::from_micros(50), processes: 1 };
}

/// Something that can be done so many times.
pub(crate) type Repeat<'a> = Box<dyn FnMut(u32) + 'a>;

/// What one repetition takes.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    /// Against the first kind: the median over the rounds.
    pub(crate) ratio: f64,
    /// The median over the rounds.
    pub(crate) time: Duration,
}

/// Measures all kinds in turns. Each turn repeats its kind as often as fits into the time of a turn.
pub(crate) fn costs<const N: usize>(
    effort: &Effort,
    progress: &Progress,
    mut kinds: [Repeat<'_>; N],
) -> [Cost; N] {
    let counts = counts_that_fit(effort.turn, &mut kinds);
    let mut left = counts.into_iter();
    let mut turns = kinds.map(|mut kind| {
        let count = left.next().expect("each kind has a count");
        move || kind(count)
    });
    // A turn of its own, so that no other pays for what is drawn.
    let mut round_ends = || progress.advance(N);
    let mut all: Vec<&mut dyn FnMut()> = Vec::with_capacity(N + 1);
    all.extend(turns.iter_mut().map(|turn| turn as &mut dyn FnMut()));
    all.push(&mut round_ends);
    let times = turns::take_all(effort.rounds, &mut all);
    std::array::from_fn(|kind| Cost {
        ratio: times.ratio(kind, 0) * f64::from(counts[0]) / f64::from(counts[kind]),
        time: times.median(kind) / counts[kind],
    })
}

/// How often a number of repetitions has to take a turn. The machine does other things too: a few times prove nothing.
const TRIES: u32 = 25;

/// Finds how often each kind can be repeated in a turn. This takes turns too: a thread that calls nothing for long
/// counts as at rest. What is only done the first time is over then.
fn counts_that_fit<const N: usize>(turn: Duration, kinds: &mut [Repeat<'_>; N]) -> [u32; N] {
    let mut counts = [1; N];
    let mut left = [TRIES; N];
    kinds.iter_mut().for_each(|kind| kind(1));
    while left.iter().any(|left| *left > 0) {
        for (kind, repeat) in kinds.iter_mut().enumerate() {
            let begin = Instant::now();
            repeat(counts[kind]);
            if begin.elapsed() * 2 > turn {
                left[kind] = left[kind].saturating_sub(1);
            } else if left[kind] > 0 {
                counts[kind] *= 2;
                left[kind] = TRIES;
            }
        }
    }
    counts
}
