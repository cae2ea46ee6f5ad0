//! A private bridge, and the calls of a thread on it: as `Bridge` and `Lease`.

use std::task::{Context, Poll};
use std::time::Duration;

use loom::sync::Arc;
use loom::sync::atomic::Ordering::SeqCst;
use loom::sync::atomic::{AtomicBool, AtomicU64};

use super::runtimes::{Runtime, Runtimes};
use crate::cache::map::PerThreadMap;
use crate::exec::waker::CallWaker;
use crate::models::schedule::ModelTimer;
use crate::runtime::tracker::CallToken;

/// Waits have no timeout in shuttle: a wait that is not woken is a deadlock, which shuttle reports.
const FOREVER: Duration = Duration::from_secs(3600);

/// How a call ends that was not ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    Shutdown,
    TimedOut,
}

pub(super) struct Bridge {
    pub(super) runtimes: Arc<Runtimes>,
    slots: PerThreadMap<Lease>,
    pub(super) timer: Arc<ModelTimer>,
    /// How many resets have returned.
    resets: AtomicU64,
}

impl Bridge {
    /// A bridge of at most `max` runtimes. Beyond that threads share one.
    pub(super) fn new(max: usize) -> Arc<Bridge> {
        Arc::new(Bridge {
            runtimes: Runtimes::new(max),
            slots: PerThreadMap::new(),
            timer: ModelTimer::new(),
            resets: AtomicU64::new(0),
        })
    }

    /// A call of the thread with this key. `poll` is told which runtime the call runs on, where its sockets are.
    pub(super) fn call<T>(
        &self,
        key: u64,
        limit: Option<usize>,
        poll: impl FnMut(&Arc<Runtime>, &mut Context<'_>) -> Poll<T>,
    ) -> Result<T, Refused> {
        let resets = self.resets.load(SeqCst);
        let generation = &self.runtimes.generation;
        let is_good = |lease: &Lease| lease.runtime.state.is_of(generation);
        let lease =
            self.slots.get_or_make(generation, key, is_good, || Lease::take(&self.runtimes))?;
        assert!(lease.runtime.made_in >= resets, "a call uses what was made before a reset");
        lease.run(&self.timer, limit, poll)
    }

    /// The thread with this key ends. Its runtime goes to the pool.
    pub(super) fn end_thread(&self, key: u64) {
        if let Some(lease) = self.slots.remove(key) {
            lease.to_pool.store(true, SeqCst);
        }
    }

    pub(super) fn reset(&self) {
        self.runtimes.reset();
        self.slots.clear();
        self.resets.fetch_add(1, SeqCst);
    }

    /// Shuts the bridge down: no call begins, those that wait are cancelled, and nothing is kept.
    pub(super) fn shut_down(&self) {
        self.runtimes.tracker.close();
        self.runtimes.reset();
        self.slots.clear();
        self.runtimes.tracker.cancel();
        assert!(self.runtimes.tracker.wait_until_empty(FOREVER));
    }

    /// Waits until all threads have ended.
    pub(super) fn end(&self) {
        self.runtimes.end();
        self.timer.end();
    }
}

/// A thread's use of a runtime.
struct Lease {
    runtime: Arc<Runtime>,
    runtimes: Arc<Runtimes>,
    to_pool: AtomicBool,
    token: CallToken,
}

impl Lease {
    fn take(runtimes: &Arc<Runtimes>) -> Result<Lease, Refused> {
        let token = CallToken::enter(&runtimes.tracker).ok_or(Refused::Shutdown)?;
        let runtime = runtimes.acquire();
        let runtimes = Arc::clone(runtimes);
        Ok(Lease { runtime, runtimes, to_pool: AtomicBool::new(false), token })
    }

    fn run<T>(
        &self,
        timer: &Arc<ModelTimer>,
        limit: Option<usize>,
        mut poll: impl FnMut(&Arc<Runtime>, &mut Context<'_>) -> Poll<T>,
    ) -> Result<T, Refused> {
        self.runtime.begin_call();
        let running = self.token.begin_call();
        limit.iter().for_each(|_| ModelTimer::enter(timer));
        let mut key = None;
        let waker = CallWaker::default();
        let mut cx = Context::from_waker(waker.waker());
        let result = loop {
            if let Poll::Ready(output) = poll(&self.runtime, &mut cx) {
                break Ok(output);
            }
            if let Some(limit) = limit {
                if timer.now() >= limit {
                    break Err(Refused::TimedOut);
                }
                key = key.or_else(|| Some(timer.set(limit, cx.waker().clone())));
            }
            if self.park(&waker) {
                break Err(Refused::Shutdown);
            }
        };
        limit.iter().for_each(|_| timer.leave(key));
        drop(running);
        self.runtime.end_call();
        result
    }

    /// Parks until the call was woken. Returns whether it is cancelled.
    fn park(&self, waker: &CallWaker) -> bool {
        let Lease { runtime, runtimes, token, .. } = self;
        if runtime.state.is_background() && !runtime.state.is_shared_or_old(&runtimes.generation) {
            runtimes.follow(runtime, runtime.state.take_back(&runtimes.generation));
        }
        let mut is_cancelled = false;
        let ((), next) = runtime.state.while_parked(|_| {
            runtime.driver.block_on(|cx| {
                let is_woken = waker.flag().take_or_register(cx.waker());
                is_cancelled = !is_woken && token.is_cancelled(cx.waker());
                if is_woken || is_cancelled { Poll::Ready(()) } else { Poll::Pending }
            });
        });
        waker.flag().unregister();
        runtimes.follow(runtime, next);
        is_cancelled
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.runtimes.give_back(&self.runtime, *self.to_pool.get_mut());
    }
}
