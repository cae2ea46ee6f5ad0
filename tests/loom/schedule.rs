//! No deadline is lost between the waits that set it and the thread that sleeps until it comes.

use std::future::poll_fn;
use std::task::{Poll, Wake, Waker};

use loom::future::block_on;
use loom::sync::atomic::AtomicUsize;
use loom::sync::atomic::Ordering::SeqCst;
use loom::sync::{Arc, Condvar, Mutex, MutexGuard};
use loom::thread::{self, JoinHandle};

use crate::exec::schedule::{Clock, Key, Schedule};

/// A clock that goes when the model says so. Whoever sleeps until a time is woken when that comes, and not before: a
/// sleep that is too long is a deadlock, which loom reports.
#[derive(Default)]
struct ModelClock {
    now: AtomicUsize,
    /// Until when the thread sleeps.
    until: Mutex<Option<usize>>,
    changed: Condvar,
}

impl Clock for ModelClock {
    type Time = usize;

    fn now(&self) -> usize {
        self.now.load(SeqCst)
    }

    fn sleep<'a, T>(&self, state: MutexGuard<'a, T>, time: Option<usize>) -> MutexGuard<'a, T> {
        *self.until.lock().unwrap() = time;
        self.changed.wait(state).unwrap()
    }

    fn wake(&self) {
        self.changed.notify_one();
    }
}

/// A schedule on such a clock, and the threads that it has started.
pub(crate) struct ModelTimer {
    schedule: Schedule<ModelClock>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl ModelTimer {
    pub(crate) fn new() -> Arc<ModelTimer> {
        let schedule = Schedule::new(ModelClock::default());
        Arc::new(ModelTimer { schedule, threads: Mutex::new(Vec::new()) })
    }

    pub(crate) fn now(&self) -> usize {
        self.schedule.clock().now()
    }

    pub(crate) fn enter(timer: &Arc<ModelTimer>) {
        let start = || {
            let shared = Arc::clone(timer);
            let thread = thread::spawn(move || shared.schedule.run());
            timer.threads.lock().unwrap().push(thread);
            Ok(())
        };
        timer.schedule.enter(start).unwrap();
    }

    pub(crate) fn set(&self, time: usize, waker: Waker) -> Key<usize> {
        self.schedule.set(time, waker)
    }

    pub(crate) fn leave(&self, key: Option<Key<usize>>) {
        self.schedule.leave(key);
    }

    pub(crate) fn stop(&self) {
        self.schedule.stop();
    }

    /// Sets the clock. `time` comes while the thread sleeps, or before it looks.
    pub(crate) fn advance(&self, time: usize) {
        let clock = self.schedule.clock();
        clock.now.store(time, SeqCst);
        // Takes the lock, so that a thread which has read the clock before is asleep by now.
        self.schedule.take_back((0, 0));
        if clock.until.lock().unwrap().is_some_and(|until| until <= time) {
            clock.wake();
        }
    }

    /// Waits until `time`, after it has entered. It sets its deadline late, as a call that is polled first.
    fn wait_until(&self, time: usize) {
        let mut key = None;
        block_on(poll_fn(|cx| {
            if self.now() >= time {
                return Poll::Ready(());
            }
            let _ = key.get_or_insert_with(|| self.set(time, cx.waker().clone()));
            Poll::Pending
        }));
        self.leave(key);
    }

    /// Ends the thread. Returns how many there have been.
    pub(crate) fn end(&self) -> usize {
        self.stop();
        self.join()
    }

    /// Waits until each thread has ended.
    fn join(&self) -> usize {
        let threads = std::mem::take(&mut *self.threads.lock().unwrap());
        threads.into_iter().map(|thread| thread.join().unwrap()).count()
    }
}

/// Runs `run` with a timer, while another thread sets the clock to `times`, one after the other.
fn model(times: &'static [usize], run: fn(&Arc<ModelTimer>)) {
    loom::model(move || {
        let timer = ModelTimer::new();
        let clock = thread::spawn({
            let timer = Arc::clone(&timer);
            move || times.iter().for_each(|time| timer.advance(*time))
        });
        run(&timer);
        clock.join().unwrap();
        assert_eq!(timer.end(), 1);
    });
}

/// Mutants: `deadline-set-in-silence`, `deadline-slept-through`, `deadline-wakes-nobody`, `deadline-stop-in-silence`.
#[test]
fn a_deadline_set_at_any_point_of_the_threads_sleep_is_kept() {
    model(&[1], |timer| {
        ModelTimer::enter(timer);
        timer.wait_until(1);
    });
}

/// Mutants: `deadline-earlier-in-silence`.
#[test]
fn an_earlier_deadline_shortens_the_sleep() {
    model(&[1], |timer| {
        ModelTimer::enter(timer);
        let later = timer.set(2, Waker::noop().clone());
        ModelTimer::enter(timer);
        timer.wait_until(1);
        timer.leave(Some(later));
    });
}

/// The thread wakes for a deadline that was taken back, and sleeps without end.
///
/// Mutants: `deadline-sleep-misremembered`.
#[test]
fn a_deadline_after_one_that_was_taken_back_is_kept() {
    model(&[1, 2], |timer| {
        ModelTimer::enter(timer);
        let earlier = timer.set(1, Waker::noop().clone());
        timer.schedule.take_back(earlier);
        timer.wait_until(2);
    });
}

/// Counts its wakes.
#[derive(Default)]
struct Counter(std::sync::atomic::AtomicUsize);

impl Wake for Counter {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// Sets a deadline, which `end` takes back, and then lets its time come.
fn wakes_after(end: fn(&Schedule<ModelClock>, (usize, u64))) {
    loom::model(move || {
        let counter = std::sync::Arc::new(Counter::default());
        let timer = ModelTimer::new();
        ModelTimer::enter(&timer);
        ModelTimer::enter(&timer);
        let key = timer.set(1, Waker::from(std::sync::Arc::clone(&counter)));
        end(&timer.schedule, key);
        timer.advance(1);
        timer.wait_until(1);
        assert_eq!(timer.end(), 1);
        assert_eq!(
            counter.0.load(SeqCst),
            0,
            "a wait was woken for a deadline that it no longer had"
        );
    });
}

/// Mutants: `deadline-not-taken-back`.
#[test]
fn a_deadline_that_was_taken_back_wakes_nobody() {
    wakes_after(|schedule, key| {
        schedule.take_back(key);
        schedule.leave(None);
    });
}

/// Mutants: `deadline-not-left`.
#[test]
fn a_wait_that_has_left_is_not_woken() {
    wakes_after(|schedule, key| schedule.leave(Some(key)));
}

/// Mutants: `deadline-thread-ends-early`, `deadline-left-in-silence`.
#[test]
fn a_thread_that_is_stopped_stays_for_the_waits_that_have_begun() {
    loom::model(|| {
        let timer = ModelTimer::new();
        ModelTimer::enter(&timer);
        let stop = thread::spawn({
            let timer = Arc::clone(&timer);
            move || {
                timer.stop();
                timer.advance(1);
            }
        });
        timer.wait_until(1);
        stop.join().unwrap();
        assert_eq!(timer.join(), 1);
    });
}

/// Mutants: `deadline-thread-ends-unlocked`, `deadline-thread-ends-unsaid`.
#[test]
fn a_wait_that_begins_while_the_thread_ends_has_a_thread() {
    loom::model(|| {
        let timer = ModelTimer::new();
        ModelTimer::enter(&timer);
        timer.leave(None);
        let stop = thread::spawn({
            let timer = Arc::clone(&timer);
            move || {
                timer.stop();
                timer.advance(1);
            }
        });
        ModelTimer::enter(&timer);
        timer.wait_until(1);
        stop.join().unwrap();
        assert!(timer.end() <= 2);
    });
}
