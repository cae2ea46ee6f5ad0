//! The runtimes of a bridge, and the monitor: as `LocalRuntime`, `Runtimes` and `Monitor`.

use std::future::poll_fn;
use std::mem;
use std::sync::atomic::AtomicUsize;

use loom::future::block_on;
use loom::sync::atomic::Ordering::SeqCst;
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread::{self, JoinHandle};

use super::driver::Driver;
use crate::runtime::monitor::SleepFlag;
use crate::runtime::pool::{Pool, Pooled};
use crate::runtime::state::{Generation, Next, State};
use crate::runtime::tracker::CallTracker;

#[derive(Debug)]
pub(super) struct Runtime {
    pub(super) state: State,
    pub(super) driver: Arc<Driver>,
    pub(super) made_in: u64,
    /// How many calls run on it. Shuttle switches threads before each use of an atomic of its own, and not at this one:
    /// so it can be compared with what was read just before.
    users: AtomicUsize,
}

impl Runtime {
    /// A call begins. Each of several has an owner of its own, and nobody closes what has an owner.
    pub(super) fn begin_call(&self) {
        self.users.fetch_add(1, SeqCst);
        let owners = self.state.owners();
        assert!(self.users.load(SeqCst) <= owners, "two threads use what one owns");
        assert!(!self.state.is_closed(), "a call begins on a closed runtime");
    }

    pub(super) fn end_call(&self) {
        assert!(!self.state.is_closed(), "closed while a call runs");
        self.users.fetch_sub(1, SeqCst);
    }

    fn drive_until_closed(&self) {
        while !self.state.is_closed() {
            self.driver.block_on(|cx| {
                let mut cx = std::task::Context::from_waker(cx.waker());
                self.state.poll_driving(&mut cx)
            });
            block_on(poll_fn(|cx| self.state.poll_sleeping(cx)));
        }
    }
}

impl Pooled for Arc<Runtime> {
    fn state(&self) -> &State {
        &self.state
    }

    fn is_fresh(&self) -> bool {
        true
    }

    fn is_useful(&self) -> bool {
        true
    }

    fn close(&self) {
        assert_eq!(self.users.load(SeqCst), 0, "closed while calls run");
        self.state.close();
    }
}

#[derive(Debug)]
pub(super) struct Runtimes {
    pub(super) tracker: Arc<CallTracker>,
    pub(super) generation: Generation,
    pool: Pool<Arc<Runtime>>,
    max: usize,
    known: Mutex<Vec<Arc<Runtime>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    sleep: SleepFlag,
    /// Whether the monitor has been unparked, and whether it is to end.
    monitor: Mutex<(bool, bool)>,
    unparked: Condvar,
}

impl Runtimes {
    pub(super) fn new(max: usize) -> Arc<Runtimes> {
        let runtimes = Arc::new(Runtimes {
            tracker: Arc::new(CallTracker::new()),
            generation: Generation::default(),
            pool: Pool::new(),
            max,
            known: Mutex::default(),
            threads: Mutex::default(),
            sleep: SleepFlag::asleep(),
            monitor: Mutex::default(),
            unparked: Condvar::new(),
        });
        runtimes.spawn(Runtimes::monitor);
        runtimes
    }

    fn spawn(self: &Arc<Self>, run: impl FnOnce(&Arc<Runtimes>) + Send + 'static) {
        let shared = Arc::clone(self);
        let thread = thread::spawn(move || run(&shared));
        self.threads.lock().unwrap().push(thread);
    }

    pub(super) fn acquire(self: &Arc<Self>) -> Arc<Runtime> {
        match self.pool.take_fresh(&self.generation) {
            Some(runtime) => runtime,
            None => self.build_or_share(),
        }
    }

    fn build_or_share(self: &Arc<Self>) -> Arc<Runtime> {
        loop {
            if let Some(runtime) = self.build_below_limit() {
                self.follow(&runtime, Next::Watch);
                return runtime;
            }
            if let Some(runtime) = self.share() {
                return runtime;
            }
            thread::yield_now();
        }
    }

    fn build_below_limit(&self) -> Option<Arc<Runtime>> {
        let mut known = self.known.lock().unwrap();
        let is_counted = |runtime: &&Arc<Runtime>| runtime.state.is_of(&self.generation);
        if known.iter().filter(is_counted).count() >= self.max {
            return None;
        }
        let made_in = self.generation.current();
        let (state, users) = (State::new(made_in), AtomicUsize::new(0));
        let runtime = Arc::new(Runtime { state, driver: Driver::new(), made_in, users });
        known.push(Arc::clone(&runtime));
        Some(runtime)
    }

    fn share(self: &Arc<Self>) -> Option<Arc<Runtime>> {
        let known = self.known.lock().unwrap().clone();
        let is_shareable = |runtime: &Arc<Runtime>| {
            runtime.state.is_of(&self.generation) && runtime.state.add_owner()
        };
        let mut candidates: Vec<_> = known.into_iter().filter(is_shareable).collect();
        candidates.extend(std::iter::from_fn(|| self.pool.take(&self.generation)));
        candidates.sort_by_cached_key(|runtime| runtime.state.owners());
        let mut candidates = candidates.into_iter();
        let found = candidates.next();
        found.iter().for_each(|found| self.request_driver(found));
        candidates.for_each(|other| self.give_back(&other, true));
        found
    }

    pub(super) fn give_back(self: &Arc<Self>, runtime: &Arc<Runtime>, stays: bool) {
        self.pool.give_back(runtime, stays, &self.generation, || self.request_driver(runtime));
    }

    pub(super) fn reset(&self) {
        self.generation.reset();
        self.pool.drain();
    }

    pub(super) fn request_driver(self: &Arc<Self>, runtime: &Arc<Runtime>) {
        self.follow(runtime, runtime.state.request_driver());
    }

    pub(super) fn follow(self: &Arc<Self>, runtime: &Arc<Runtime>, next: Next) {
        match next {
            Next::Nothing => {}
            Next::Watch => self.sleep.wake_with(|| self.unpark_monitor(false)),
            Next::Start => {
                if !runtime.state.start_thread() {
                    let runtime = Arc::clone(runtime);
                    self.spawn(move |_| runtime.drive_until_closed());
                }
            }
        }
    }

    fn unpark_monitor(&self, ends: bool) {
        *self.monitor.lock().unwrap() = (true, ends);
        self.unparked.notify_one();
    }

    /// The loop of the monitor. Between two ticks any time may pass.
    fn monitor(self: &Arc<Self>) {
        loop {
            if self.tick() || !self.sleep.rest(|| self.tick()) {
                thread::yield_now();
                continue;
            }
            let mut monitor = self.monitor.lock().unwrap();
            while !mem::take(&mut monitor.0) {
                monitor = self.unparked.wait(monitor).unwrap();
            }
            if monitor.1 {
                return;
            }
        }
    }

    fn tick(self: &Arc<Self>) -> bool {
        let known = self.known.lock().unwrap().clone();
        known.iter().filter(|runtime| runtime.state.tick() == Next::Start).for_each(|runtime| {
            self.follow(runtime, Next::Start);
        });
        known.iter().any(|runtime| runtime.state.is_watched())
    }

    /// Asserts that every runtime is closed, and waits for all threads.
    pub(super) fn end(&self) {
        let known = mem::take(&mut *self.known.lock().unwrap());
        assert!(known.iter().all(|runtime| runtime.state.is_closed()), "a runtime is left");
        self.unpark_monitor(true);
        loop {
            let threads = mem::take(&mut *self.threads.lock().unwrap());
            if threads.is_empty() {
                return;
            }
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        }
    }
}
