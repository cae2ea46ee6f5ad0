//! A thread's use of a runtime: the calls that it makes there.

use std::future::poll_fn;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

use tokio::runtime::{EnterGuard, Handle, RuntimeMetrics};

use crate::error::Cause;
use crate::exec::drive::{Drive, lost};
use crate::exec::frequency::Frequency;
use crate::exec::job::Job;
use crate::exec::limits::Limits;
use crate::exec::waker::CallWaker;
use crate::runtime::LocalRuntime;
use crate::runtime::set::Runtimes;
use crate::runtime::state::{Generation, Next, State};
use crate::runtime::tracker::{CallToken, RunningCall};
#[cfg(feature = "tracing")]
use crate::span::WaitSpan;
use crate::sync::ignore_poison;

/// A call that wakes itself lets the driver run once in this many polls: Tokio's default event interval.
const POLLS_PER_TURN: u32 = 61;

/// A thread whose calls are all ready at once lets the driver run in one of this many calls: often enough that
/// nothing waits longer than some tenths of a millisecond, and too seldom to be measurable.
const CALLS_PER_TURN: u64 = 2048;

/// A thread's use of a runtime. Dropping it closes the runtime, unless other threads use the runtime too or it
/// goes to the pool.
#[derive(Debug)]
pub(crate) struct Lease {
    // The handle of `runtime`, which each call needs.
    handle: Handle,
    metrics: RuntimeMetrics,
    state: Arc<State>,
    runtime: Arc<LocalRuntime>,
    runtimes: Arc<Runtimes>,
    to_pool: AtomicBool,
    /// How often the thread has parked.
    parks: AtomicUsize,
    frequency: Mutex<Frequency>,
    /// Dropped last, so that once all tokens are gone, no runtime is left.
    token: CallToken,
}

impl Lease {
    /// Takes one of `runtimes` for the calling thread.
    #[cold]
    pub(crate) fn take(runtimes: &Arc<Runtimes>) -> Result<Lease, Cause> {
        let token = CallToken::enter(&runtimes.tracker).ok_or(Cause::Shutdown)?;
        let runtime = runtimes.acquire()?;
        Ok(Lease {
            handle: runtime.handle().clone(),
            metrics: runtime.handle().metrics(),
            state: Arc::clone(&runtime.state),
            runtime,
            runtimes: Arc::clone(runtimes),
            to_pool: AtomicBool::new(false),
            parks: AtomicUsize::new(0),
            frequency: Mutex::new(Frequency::new()),
            token,
        })
    }

    /// Whether calls may be made on the runtime: it is newer than the last reset, not closed, and of this process.
    #[inline]
    pub(crate) fn is_of(&self, generation: &Generation) -> bool {
        self.state.is_of(generation) && !self.token.is_inherited()
    }

    #[inline]
    pub(crate) fn lost_flag(&self) -> &AtomicBool {
        self.runtime.lost_flag()
    }

    #[inline]
    pub(crate) fn token(&self) -> &CallToken {
        &self.token
    }

    /// Runs a call that has neither limits nor a span. Most of these calls are ready in their first poll, and pay
    /// for nothing else.
    #[inline(always)]
    pub(crate) fn run(&self, waker: &CallWaker, job: &mut dyn Job) {
        let _leave = self.enter();
        let mut cx = Context::from_waker(waker.waker());
        let mut poll = || job.poll(&mut cx);
        // Behind one pointer, because Tokio passes the future by value through several frames.
        let poll = &mut poll;
        if !self.handle.block_on(poll_fn(move |_| Poll::Ready(poll()))) {
            self.run_pending(waker, job);
        }
    }

    #[inline(never)]
    fn run_pending(&self, waker: &CallWaker, job: &mut dyn Job) {
        let mut call = self.call(waker, &mut *job, None);
        self.wait(&mut call, 1);
        self.poll_to_end(&mut call);
        let cause = call.cause;
        job.header().end(cause);
    }

    /// Runs a call that has limits, and no span.
    pub(crate) fn run_within(
        &self,
        waker: &CallWaker,
        job: &mut dyn Job,
        limits: Option<&mut Limits<'_>>,
    ) {
        let mut call = self.call(waker, &mut *job, limits);
        self.run_call(&mut call);
        let cause = call.cause;
        job.header().end(cause);
    }

    /// A call that has no span.
    #[inline]
    fn call<'a, 'l>(
        &'a self,
        waker: &'a CallWaker,
        job: &'a mut dyn Job,
        limits: Option<&'a mut Limits<'l>>,
    ) -> Drive<'a, 'l> {
        #[cfg(feature = "tracing")]
        static NO_SPAN: WaitSpan = WaitSpan::none();
        Drive::new(
            job,
            limits,
            waker,
            Some(self.token()),
            Some(self.lost_flag()),
            #[cfg(feature = "tracing")]
            &NO_SPAN,
        )
    }

    /// Runs any call.
    pub(crate) fn run_call(&self, call: &mut Drive<'_, '_>) {
        let _leave = self.enter();
        self.poll_to_end(call);
    }

    /// Each poll goes through the runtime's handle: Tokio's budget and its checks hold there, `block_in_place` is
    /// legal, and the caller does not hold the driver. If it held the driver in a poll, as in `Runtime::block_on`,
    /// a poll that blocks would keep the driver from all threads that wait for what lives on this runtime. If one
    /// of these held what the poll waits for, both would wait forever. So a thread drives its runtime only while
    /// it has nothing else to do.
    ///
    /// Where the driver is not free, to drive is to wait for it, on the token that Tokio has for the thread: see
    /// `Drive::poll_on_token`. So the token is set again in the next poll, which is shown a waker of it.
    fn poll_to_end(&self, call: &mut Drive<'_, '_>) {
        let mut polls = 1;
        while !self.handle.block_on(poll_fn(|cx| {
            if mem::take(&mut call.has_parked) {
                cx.waker().wake_by_ref();
            }
            Poll::Ready(call.poll())
        })) {
            polls += 1;
            self.wait(call, polls);
        }
    }

    /// Enters the runtime without a call, but counts as a call. The thread does not block here, nor when the
    /// runtime is left.
    pub(crate) fn enter_runtime(&self) -> EnteredLease<'_> {
        EnteredLease { lease: self, _guard: self.handle.enter(), _running: self.token.begin_call() }
    }

    /// Begins a call. When the returned guard is dropped, the runtime is left to whatever drives it next.
    #[inline]
    fn enter(&self) -> Leave<'_> {
        Leave { lease: self, _running: self.token.begin_call() }
    }

    /// Waits until a call that was pending is to be polled again, after `polls` polls.
    fn wait(&self, call: &mut Drive<'_, '_>, polls: u32) {
        if !call.is_woken() {
            return self.park(call);
        }
        call.run_check();
        // The call was woken by its own poll. Tasks that are ready get a turn too, as in a `Runtime::block_on`.
        if call.is_exhausted || polls % POLLS_PER_TURN == 0 || self.has_tasks() {
            call.has_parked = true;
            self.take_turn();
        }
    }

    /// Parks the thread in the driver of its runtime, or next to the thread that drives it, until a poll is due. Checks
    /// run outside of the driver.
    fn park(&self, call: &mut Drive<'_, '_>) {
        loop {
            call.tell_park();
            self.park_once(call);
            call.tell_unpark();
            call.run_check();
            if call.is_due {
                return;
            }
        }
    }

    fn park_once(&self, call: &mut Drive<'_, '_>) {
        // Relaxed, and no addition: only this thread counts.
        let parks = self.parks.load(Ordering::Relaxed).wrapping_add(1);
        self.parks.store(parks, Ordering::Relaxed);
        let waits_beside = self.state.is_background();
        if waits_beside {
            self.take_back_if_often(parks);
        } else if self.state.has_rested() {
            self.frequency().owner_rested(parks);
        }
        call.has_parked = true;
        let is_driven = self.drive(|_| self.runtime.block_on(poll_fn(|cx| call.poll_parked(cx))));
        call.waker.flag().unregister();
        if waits_beside {
            self.frequency().waited(self.runtime.driven());
        }
        if !is_driven {
            let is_lost = self.runtime.is_lost();
            call.cause = Some(if is_lost { Cause::Runtime(lost()) } else { Cause::Shutdown });
            call.is_due = true;
        }
    }

    /// Takes the driver back from the driver thread, if the thread waits often and nobody else depends on it.
    #[cold]
    fn take_back_if_often(&self, parks: usize) {
        let idle_timeout = self.runtimes.options.idle_timeout;
        let driven = self.runtime.driven();
        if self.is_shared_or_old() {
            self.frequency().owner_rested(parks);
        } else if self.frequency().should_take_back(parks, driven, idle_timeout) {
            let next = self.state.take_back(&self.runtimes.generation);
            self.runtimes.follow(&self.runtime, next);
        }
    }

    /// Whether the driver thread must stay. A forked child has none, and leaves the runtime as it is.
    fn is_shared_or_old(&self) -> bool {
        self.state.is_shared_or_old(&self.runtimes.generation) || self.token.is_inherited()
    }

    fn frequency(&self) -> MutexGuard<'_, Frequency> {
        ignore_poison(self.frequency.lock())
    }

    /// Gives the driver and the ready tasks a turn, unless another thread drives.
    #[cold]
    fn take_turn(&self) {
        self.drive(|drives| !drives || self.runtime.turn());
    }

    /// Sets the token that Tokio has for the thread: see `poll_to_end`.
    fn set_token(&self) {
        self.handle.block_on(poll_fn(|cx| {
            cx.waker().wake_by_ref();
            Poll::Ready(())
        }));
    }

    /// Makes the owner drive in `park`, or wait next to a thread that drives; the argument of `park` says which.
    /// Both return false if the runtime is lost, and then all calls that are parked on it are woken.
    fn drive(&self, park: impl FnOnce(bool) -> bool) -> bool {
        let (is_driven, next) = self.state.while_parked(park);
        // A forked child that was made inside of the call has inherited the runtime, and may not be able to start a
        // thread.
        if next == Next::Watch && !self.token.is_inherited() {
            self.runtime.watch();
        }
        if !is_driven {
            self.runtimes.tracker.wake_all();
        }
        is_driven
    }

    #[inline]
    fn has_tasks(&self) -> bool {
        self.metrics.num_alive_tasks() > 0
    }

    #[inline]
    fn leave(&self) {
        if self.is_turn_due() || !self.state.is_idle() || self.has_tasks() {
            self.hand_over();
        }
    }

    #[inline]
    fn is_turn_due(&self) -> bool {
        self.token.calls() % CALLS_PER_TURN == 0
    }

    #[cold]
    fn hand_over(&self) {
        let runtime = &self.runtime;
        // A forked child: see `drive`.
        if self.state.is_background() || self.token.is_inherited() {
            return;
        }
        if self.needs_driver_thread() {
            self.runtimes.request_driver(runtime);
        } else if (self.is_turn_due() || self.state.is_due()) && !std::thread::panicking() {
            // A call that was ready has driven nothing. If the monitor has ticked since somebody drove, the driver
            // gets a turn: a thread that calls often, and never has to wait, needs no driver thread.
            self.take_turn();
            self.set_token();
        }
    }

    /// Whether there are tasks, which must not wait until the monitor finds that nobody drives. A thread that has taken
    /// the driver back drives them in its calls, if these wait: after one that has not since the last tick, they need
    /// the driver thread.
    fn needs_driver_thread(&self) -> bool {
        self.has_tasks() && (self.state.is_due() || !self.frequency().has_taken_back())
    }

    pub(crate) fn runtimes(&self) -> &Arc<Runtimes> {
        &self.runtimes
    }

    /// The thread is ending: its runtime stays alive, and goes to the pool for the next new thread.
    pub(crate) fn return_to_pool(&self) {
        // Relaxed: `drop` has exclusive access to the lease, and so comes after this.
        self.to_pool.store(true, Ordering::Relaxed);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // In a forked child the lease is left alone, because the locks that it takes may stay locked. Each
        // reference that is dropped below is compensated for, so that none is the last.
        if self.token.is_inherited() {
            std::mem::forget((Arc::clone(&self.runtime), Arc::clone(&self.runtimes)));
            return;
        }
        self.runtimes.give_back(&self.runtime, *self.to_pool.get_mut());
    }
}

/// Ends a call, by return or by panic, after its future has been dropped, which may leave tasks behind.
#[must_use = "the call ends with it"]
struct Leave<'a> {
    lease: &'a Lease,
    _running: RunningCall<'a>,
}

impl Drop for Leave<'_> {
    #[inline]
    fn drop(&mut self) {
        self.lease.leave();
    }
}

/// The runtime of a lease, entered until this is dropped. Then what was spawned inside gets a driver thread, unless the
/// thread has taken the driver back.
#[must_use = "the runtime is entered until this is dropped"]
pub(crate) struct EnteredLease<'a> {
    lease: &'a Lease,
    _guard: EnterGuard<'a>,
    _running: RunningCall<'a>,
}

impl Drop for EnteredLease<'_> {
    fn drop(&mut self) {
        let Lease { state, token, runtime, runtimes, .. } = self.lease;
        // A forked child: see `drive`.
        if !state.is_background() && !token.is_inherited() && self.lease.needs_driver_thread() {
            runtimes.request_driver(runtime);
        }
    }
}
