//! Whether the owner of a runtime waits so often that it had better drive the runtime itself.

use std::time::{Duration, Instant};

use crate::runtime::Driven;

/// After how many waits the owner takes the driver back, where others need it too. A wait beside a driver thread takes
/// one context switch more, and to take the driver back takes a few.
const OFTEN: u32 = 8;

/// The same where nobody else has needed the driver: with its second wait.
const SECOND: u32 = 2;

/// How often a driver thread parks that serves nobody else until the owner waits beside it: as it begins, after a wake-up
/// from before, and after what the owner's call has woken in its first poll.
const PARKS_ALONE: u64 = 4;

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
///
/// Whether there are such others is seen while the owner rests: then it is for them that the driver thread wakes. If it
/// has not, two waits are enough, each time.
#[derive(Debug)]
pub(crate) struct Frequency {
    needed: u32,
    waits: u32,
    /// When the first of these waits began.
    since: Option<Instant>,
    /// How often the owner had parked when it took the driver back.
    taken_back: Option<usize>,
    /// Whether the driver thread has woken for others since it began to drive, or in an earlier rest where it cannot be
    /// told.
    serves_others: bool,
    /// When the driver thread began to drive that the owner has last waited beside, in parks of the runtime.
    parks_before: Option<u64>,
    /// How often the runtime had parked when the owner's last wait beside the driver thread ended.
    parks: u64,
}

impl Frequency {
    pub(crate) const fn new() -> Frequency {
        Frequency {
            needed: OFTEN,
            waits: 0,
            since: None,
            taken_back: None,
            serves_others: true,
            parks_before: None,
            parks: 0,
        }
    }

    /// The owner, which has parked `parks` times, is to wait beside the driver thread. Returns whether it should take the
    /// driver back.
    pub(crate) fn should_take_back(
        &mut self,
        parks: usize,
        driven: Driven,
        idle_timeout: Duration,
    ) -> bool {
        self.owner_rested(parks);
        let is_first = self.parks_before.replace(driven.parks_before) != Some(driven.parks_before);
        let alone = if is_first { driven.parks_before } else { self.parks };
        let has_served_others = driven.parks.saturating_sub(alone) > PARKS_ALONE;
        self.serves_others = has_served_others || self.serves_others && !is_first;
        let now = Instant::now();
        let since = *self.since.get_or_insert(now);
        self.waits += 1;
        let needed = if self.serves_others { self.needed } else { SECOND };
        if self.waits < needed {
            return false;
        }
        let distance = LONGEST_DISTANCE.min(idle_timeout / RATE);
        let is_often = (now - since) / needed < distance && idle_timeout <= LONGEST_IDLE_TIMEOUT;
        // If it was not often, this wait may be the first of many.
        (self.waits, self.since) = if is_often { (0, None) } else { (1, Some(now)) };
        self.taken_back = is_often.then_some(parks);
        is_often
    }

    /// A wait beside the driver thread has ended.
    pub(crate) fn waited(&mut self, driven: Driven) {
        self.parks = driven.parks;
    }

    /// The owner, which has parked `parks` times, has rested, so that the driver thread is to drive again.
    pub(crate) fn owner_rested(&mut self, parks: usize) {
        if let Some(taken_back) = self.taken_back.take().filter(|_| self.serves_others) {
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

    /// A rest in which the driver thread has woken for others.
    const BUSY: Driven = Driven { parks_before: 0, parks: PARKS_ALONE + 1 };

    /// Waits until the owner should take the driver back, and returns how often it has waited.
    fn waits(frequency: &mut Frequency, parks: usize, driven: Driven) -> u32 {
        let mut waits = 1;
        while !frequency.should_take_back(parks, driven, LONGEST_IDLE_TIMEOUT) {
            frequency.waited(driven);
            waits += 1;
        }
        waits
    }

    #[test]
    fn an_owner_that_rests_soon_has_to_wait_more_often() {
        let mut frequency = Frequency::new();
        let first = waits(&mut frequency, 0, BUSY);
        assert!(frequency.has_taken_back());
        frequency.owner_rested(1);
        assert!(!frequency.has_taken_back());
        let second = waits(&mut frequency, 1, BUSY);
        assert!(second > first);
        // The driver thread has the driver, which nobody has said: the monitor has found that the owner rests.
        let third = waits(&mut frequency, 2, BUSY);
        assert!(third > second);
        frequency.owner_rested(2 + WORTH);
        assert_eq!(waits(&mut frequency, 2 + WORTH, BUSY), first, "that was worth it");
    }

    #[test]
    fn two_waits_are_enough_where_nobody_else_needs_the_driver() {
        let mut frequency = Frequency::new();
        let quiet = |rest| Driven { parks_before: rest, parks: rest + PARKS_ALONE };
        for rest in 0..10 {
            assert_eq!(waits(&mut frequency, 0, quiet(rest)), SECOND);
        }
        let busy = Driven { parks_before: 10, parks: 10 + PARKS_ALONE + 1 };
        assert_eq!(
            waits(&mut frequency, 0, busy),
            OFTEN,
            "the rests before were no loss to anybody"
        );
        assert_eq!(waits(&mut frequency, 0, busy), 2 * OFTEN);
        assert_eq!(waits(&mut frequency, 0, quiet(20)), SECOND);
    }

    #[test]
    fn it_is_seen_between_two_waits_that_others_need_the_driver() {
        let mut frequency = Frequency::new();
        let driven = |parks| Driven { parks_before: 0, parks };
        assert!(!frequency.should_take_back(0, driven(1), LONGEST_IDLE_TIMEOUT));
        // However often it has woken for the owner.
        frequency.waited(driven(100));
        let busy = driven(100 + PARKS_ALONE + 1);
        assert_eq!(waits(&mut frequency, 0, busy), OFTEN - 1);
    }

    #[test]
    fn waits_of_two_bursts_do_not_count_together() {
        let mut frequency = Frequency::new();
        let quiet = Driven { parks_before: 0, parks: PARKS_ALONE };
        let mut wait = || frequency.should_take_back(0, quiet, LONGEST_IDLE_TIMEOUT);
        for _ in 0..3 {
            assert!(!wait());
            std::thread::sleep(3 * LONGEST_DISTANCE);
        }
        assert!(!wait());
        assert!((0..100).any(|_| wait()), "a wait that came late is the first of the next burst");
    }

    #[test]
    fn an_owner_that_waits_seldom_leaves_the_driver() {
        let mut frequency = Frequency::new();
        for idle_timeout in [Duration::ZERO, 2 * LONGEST_IDLE_TIMEOUT] {
            let mut waits = 0..1_000;
            assert!(waits.all(|parks| !frequency.should_take_back(parks, BUSY, idle_timeout)));
        }
    }

    #[test]
    fn there_is_a_limit_to_what_is_asked_for() {
        let mut frequency = Frequency::new();
        for _ in 0..40 {
            waits(&mut frequency, 0, BUSY);
        }
        assert_eq!(waits(&mut frequency, 0, BUSY), MOST);
    }
}
