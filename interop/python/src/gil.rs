//! Waits that keep the GIL until they sleep.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::ptr;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::prelude::*;
use smartasync::{Bridge, Call};

/// How often a waiting thread looks for a signal, such as that of Ctrl-C.
const SIGNALS_EVERY: Duration = Duration::from_millis(50);

static BRIDGE: LazyLock<Bridge> = LazyLock::new(|| {
    Bridge::builder()
        .name("lines")
        // PyO3 counts in each thread whether it holds the GIL, and the hooks cannot tell it that the thread has
        // let it go. So nothing that uses Python may run on a thread that sleeps. A thread that drives a runtime of
        // its own runs tasks there; one whose runtime belongs to other threads runs nothing.
        .shared_threads(1)
        .on_park(release)
        .on_unpark(acquire)
        .build()
});

static PARKS: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// What the thread needs to take the GIL again. Null while it holds the GIL.
    static RELEASED: Cell<*mut ffi::PyThreadState> = const { Cell::new(ptr::null_mut()) };
}

/// Where all calls and tasks of the module run. Only [`wait`] waits for its calls.
pub(crate) fn bridge() -> &'static Bridge {
    &BRIDGE
}

/// Waits for a call. The thread holds the GIL, except while it sleeps.
pub(crate) fn wait<F, T, E>(_py: Python<'_>, call: Call<F>) -> PyResult<T>
where
    F: Future<Output = Result<T, E>>,
    PyErr: From<E>,
{
    let check = || match Python::attach(|py| py.check_signals()) {
        Ok(()) => ControlFlow::Continue(()),
        Err(raised) => ControlFlow::Break(raised),
    };
    match call.on(bridge()).unlimited().wait_with(SIGNALS_EVERY, check) {
        Ok(ControlFlow::Continue(output)) => Ok(output?),
        Ok(ControlFlow::Break(raised)) => Err(raised),
        Err(error) => Err(PyRuntimeError::new_err(error.to_string())),
    }
}

/// How many times a thread of this process has let the GIL go to sleep.
#[pyfunction]
pub(crate) fn parks() -> u64 {
    PARKS.load(Relaxed)
}

fn release() {
    PARKS.fetch_add(1, Relaxed);
    // SAFETY: the thread holds the GIL, since it waits in `wait`, which has the token for that. Until `acquire` it
    // sleeps: its runtime belongs to other threads, so that no task and no destructor runs here that would take
    // PyO3's count of this thread for true.
    let state = unsafe { ffi::PyEval_SaveThread() };
    RELEASED.set(state);
}

fn acquire() {
    let state = RELEASED.replace(ptr::null_mut());
    // SAFETY: `state` is what `release` has saved on this thread, since the bridge calls the two hooks in turn,
    // and the thread does not hold the GIL.
    unsafe { ffi::PyEval_RestoreThread(state) };
}
