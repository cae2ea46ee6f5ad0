//! A runtime that can be dropped anywhere.

use std::cell::Cell;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, RwLock, TryLockError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle, Runtime};

use crate::context::mark;
use crate::process::Process;
use crate::registry::{Entry, Registry};
use crate::sync::ignore_poison;
use crate::threads::{self, left_until};

/// A runtime whose end waits for nothing, unless it is told to: a `spawn_blocking` job that still runs keeps its
/// thread, not ours.
///
/// Its end runs the destructors of tasks, which are user code. So it does not run on a thread that has a current
/// runtime or is needed for other things, and it runs under the mark: Tokio does not show the teardown, and a call
/// inside it would wait for it. In a forked child the runtime is left alone.
#[derive(Debug)]
pub(crate) struct OwnedRuntime {
    /// Absent once it has ended. Locked for reading while somebody drives it.
    runtime: RwLock<Option<Runtime>>,
    handle: Handle,
    /// The threads that Tokio has started and that have not ended: workers, and those for blocking jobs.
    threads: ThreadCount,
    made_in: Process,
}

impl OwnedRuntime {
    /// Builds the runtime. `all_threads` counts the threads of all runtimes of a bridge, and each calls `stop` at its end.
    pub(crate) fn build(
        builder: &mut Builder,
        all_threads: &Arc<AtomicUsize>,
        stop: impl Fn() + Send + Sync + 'static,
    ) -> io::Result<OwnedRuntime> {
        let threads = Arc::new(AtomicUsize::new(0));
        let starts = [Arc::clone(&threads), Arc::clone(all_threads)];
        let stops = starts.clone();
        let runtime = builder
            .on_thread_start(move || {
                // It serves other threads than the one whose call has started it.
                threads::follow_main_thread();
                // Relaxed: whoever reads the count has waited for the threads.
                for threads in &starts {
                    threads.fetch_add(1, Relaxed);
                }
            })
            .on_thread_stop(move || {
                stop();
                // Relaxed: as where they are started.
                for threads in &stops {
                    threads.fetch_sub(1, Relaxed);
                }
            })
            .build()?;
        Ok(OwnedRuntime {
            handle: runtime.handle().clone(),
            runtime: RwLock::new(Some(runtime)),
            threads: ThreadCount(threads),
            made_in: Process::current(),
        })
    }

    #[inline]
    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Drives the runtime until `future` is ready. Returns `None` if the runtime has ended.
    pub(crate) fn block_on<F: Future>(&self, future: F) -> Option<F::Output> {
        let runtime = self.runtime.read().unwrap_or_else(PoisonError::into_inner);
        Some(runtime.as_ref()?.block_on(future))
    }

    #[cfg(feature = "rt-multi-thread")]
    pub(crate) fn has_ended(&self) -> bool {
        ignore_poison(self.runtime.read()).is_none()
    }

    pub(crate) fn has_tasks(&self) -> bool {
        self.handle.metrics().num_alive_tasks() > 0
    }

    /// How often whoever drives it has parked. Tokio counts that where there are 64-bit atomics.
    pub(crate) fn parks(&self) -> Option<u64> {
        #[cfg(target_has_atomic = "64")]
        let parks = Some(self.handle.metrics().worker_park_count(0));
        #[cfg(not(target_has_atomic = "64"))]
        let parks = None;
        parks
    }

    /// Whether its clock is the system's: that of a test may have been paused.
    pub(crate) fn has_running_clock(&self) -> bool {
        let _guard = self.handle.enter();
        let before = Instant::now();
        let now = tokio::time::Instant::now().into_std();
        (before..=Instant::now()).contains(&now)
    }

    /// Waits until the blocking jobs that were given to the runtime so far have begun, or `deadline` has passed: those
    /// that have not begun at the runtime's end are dropped.
    pub(crate) fn begin_jobs(&self, deadline: Instant) {
        let (sender, receiver) = mpsc::channel();
        // Tokio begins them in their order.
        drop(self.handle.spawn_blocking(move || sender.send(())));
        let _ = receiver.recv_timeout(left_until(deadline));
    }

    /// Ends the runtime, once nobody drives it, and waits for the blocking jobs that have begun; for no longer than
    /// until `deadline`.
    pub(crate) fn end_by(&self, deadline: Instant) {
        let runtime = loop {
            match self.runtime.try_write() {
                Ok(mut runtime) => break runtime.take(),
                Err(TryLockError::Poisoned(error)) => break error.into_inner().take(),
                // Somebody drives it. What is still alive then is dropped with its last user.
                Err(TryLockError::WouldBlock) if left_until(deadline).is_zero() => return,
                Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(1)),
            }
        };
        if let Some(runtime) = runtime {
            let _mark = mark::set();
            runtime.shutdown_timeout(left_until(deadline));
        }
    }

    /// Gives the runtime up without its end: what lives on it is never dropped.
    pub(crate) fn leak(&mut self) {
        std::mem::forget(self.take());
    }

    fn take(&mut self) -> Option<Runtime> {
        ignore_poison(self.runtime.get_mut()).take()
    }
}

impl Drop for OwnedRuntime {
    fn drop(&mut self) {
        match self.take() {
            Some(runtime) if self.made_in.is_current() => {
                if !self.threads.is_gone() {
                    ignore_poison(THREADS_OF_ENDED.lock()).add(self.threads.clone());
                }
                end(runtime);
            }
            inherited => std::mem::forget(inherited),
        }
    }
}

/// The threads of each runtime that has ended while blocking jobs may have run.
static THREADS_OF_ENDED: Mutex<Registry<ThreadCount>> = Mutex::new(Registry::new());

/// The threads of a runtime that have not ended.
#[derive(Clone, Debug)]
struct ThreadCount(Arc<AtomicUsize>);

impl Entry for ThreadCount {
    fn is_gone(&self) -> bool {
        // Relaxed: see `OwnedRuntime::build`.
        self.0.load(Relaxed) == 0
    }
}

/// Whether blocking jobs still run although their runtimes have ended.
pub(crate) fn has_threads_of_ended() -> bool {
    let mut all = ignore_poison(THREADS_OF_ENDED.lock());
    drop(all.take_gone());
    !all.is_empty()
}

thread_local! {
    static HAS_NO_TIME: Cell<bool> = const { Cell::new(false) };
}

/// From now on no runtime ends on the calling thread.
pub(crate) fn end_none_here() {
    HAS_NO_TIME.set(true);
}

fn end(runtime: Runtime) {
    struct Ending(Option<Runtime>);

    impl Drop for Ending {
        fn drop(&mut self) {
            if let Some(runtime) = self.0.take() {
                let _mark = mark::set();
                runtime.shutdown_background();
            }
        }
    }

    let ending = Ending(Some(runtime));
    if HAS_NO_TIME.get() || Handle::try_current().is_ok() {
        // Where no thread can be started it ends here after all: that is legal too.
        let _ = threads::spawn("smartasync/end".into(), move || drop(ending));
    }
}
