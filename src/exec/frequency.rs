//! Whether the owner of a runtime waits so often that it had better drive the runtime itself.

use std::time::{Duration, Instant};

/// After how many waits the owner takes the driver back. A wait beside a driver thread takes one context switch more,
/// and to take the driver back takes a few.
const OFTEN: u32 = 8;

/// How many waits in an idle timeout are often.
const RATE: u32 = 16;

/// Waits at a longer mean distance are not often, whatever the idle timeout is.
const LONGEST_DISTANCE: Duration = Duration::from_micros(1250);

/// With a longer idle timeout the driver thread keeps the driver: what the owner leaves behind would stand still for too
/// long.
const LONGEST_IDLE_TIMEOUT: Duration = Duration::from_secs(1);

/// An owner that takes the driver back and parks less often than this before it rests has gained little.
const WORTH: usize = 256;

/// It never takes more waits than these.
const MOST: u32 = OFTEN << 13;

/// How often an owner has waited beside the driver thread, and whether it has taken the driver back.
///
/// It takes the driver back after `OFTEN` waits in quick succession. From then on nobody drives while it computes,
/// and, once it rests, for an idle timeout: what others have on its runtime stands still meanwhile. So each time that
/// this was hardly worth it, twice as many waits are needed, at the same rate.
#[derive(Debug)]
pub(crate) struct Frequency {
    needed: u32,
    waits: u32,
    /// When the first of these waits began.
    since: Option<Instant>,
    /// How often the owner had parked when it took the driver back.
    taken_back: Option<usize>,
}

impl Frequency {
    pub(crate) const fn new() -> Frequency {
        Frequency { needed: OFTEN, waits: 0, since: None, taken_back: None }
    }

    /// The owner, which has parked `parks` times, is to wait beside the driver thread. Returns whether it should take the
    /// driver back.
    pub(crate) fn should_take_back(&mut self, parks: usize, idle_timeout: Duration) -> bool {
        self.owner_rested(parks);
        let since = *self.since.get_or_insert_with(Instant::now);
        self.waits += 1;
        if self.waits < self.needed {
            return false;
        }
        let distance = LONGEST_DISTANCE.min(idle_timeout / RATE);
        let is_often =
            since.elapsed() / self.needed < distance && idle_timeout <= LONGEST_IDLE_TIMEOUT;
        (self.waits, self.since) = (0, None);
        self.taken_back = is_often.then_some(parks);
        is_often
    }

    /// The owner, which has parked `parks` times, has rested, so that the driver thread is to drive again.
    pub(crate) fn owner_rested(&mut self, parks: usize) {
        if let Some(taken_back) = self.taken_back.take() {
            let is_worth_it = parks.wrapping_sub(taken_back) >= WORTH;
            self.needed = if is_worth_it { OFTEN } else { MOST.min(2 * self.needed) };
        }
    }

    /// Whether the owner has taken the driver back, and has not rested since.
    pub(crate) fn has_taken_back(&self) -> bool {
        self.taken_back.is_some()
    }
}

#[cfg(all(test, not(smartasync_loom)))]
mod tests {
    use super::*;

    /// Waits until the owner should take the driver back, and returns how often it has waited.
    fn waits(frequency: &mut Frequency, parks: usize) -> u32 {
        let mut waits = 1;
        while !frequency.should_take_back(parks, LONGEST_IDLE_TIMEOUT) {
            waits += 1;
        }
        waits
    }

    #[test]
    fn an_owner_that_rests_soon_has_to_wait_more_often() {
        let mut frequency = Frequency::new();
        let first = waits(&mut frequency, 0);
        assert!(frequency.has_taken_back());
        frequency.owner_rested(1);
        assert!(!frequency.has_taken_back());
        let second = waits(&mut frequency, 1);
        assert!(second > first);
        // The driver thread has the driver, which nobody has said: the monitor has found that the owner rests.
        let third = waits(&mut frequency, 2);
        assert!(third > second);
        frequency.owner_rested(2 + WORTH);
        assert_eq!(waits(&mut frequency, 2 + WORTH), first, "that was worth it");
    }

    #[test]
    fn an_owner_that_waits_seldom_leaves_the_driver() {
        let mut frequency = Frequency::new();
        for idle_timeout in [Duration::ZERO, 2 * LONGEST_IDLE_TIMEOUT] {
            assert!((0..1_000).all(|parks| !frequency.should_take_back(parks, idle_timeout)));
        }
    }

    #[test]
    fn there_is_a_limit_to_what_is_asked_for() {
        let mut frequency = Frequency::new();
        for _ in 0..40 {
            waits(&mut frequency, 0);
        }
        assert_eq!(waits(&mut frequency, 0), MOST);
    }
}
