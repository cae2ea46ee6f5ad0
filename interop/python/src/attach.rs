//! Threads of the module that run Python's code, and the end of the interpreter.
//!
//! A thread that is in Python's code when the interpreter ends is unwound by Python before 3.14, through the frames of
//! Rust that have called it. PyO3 then aborts the process. So the end waits for these threads, and keeps others out.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use pyo3::types::IntoPyDict;

/// A callback that takes longer is left behind: as long as it sleeps, nothing unwinds its thread.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

const CLOSED: usize = 1;
const ONE_INSIDE: usize = 2;

/// Whether the interpreter ends, in the lowest bit, and above it the number of threads inside.
static STATE: AtomicUsize = AtomicUsize::new(0);

/// Runs `work` with the GIL, unless the interpreter ends.
pub(crate) fn attach<T>(work: impl for<'py> FnOnce(Python<'py>) -> T) -> Option<T> {
    let before = STATE.fetch_add(ONE_INSIDE, SeqCst);
    let _inside = Inside;
    if before & CLOSED == 0 { Python::try_attach(work) } else { None }
}

struct Inside;

impl Drop for Inside {
    fn drop(&mut self) {
        STATE.fetch_sub(ONE_INSIDE, SeqCst);
    }
}

/// Has Python call what follows at its end, and in a forked child.
pub(crate) fn watch(py: Python<'_>, module: &Bound<'_, PyModule>) -> PyResult<()> {
    let at_exit = py.import("atexit")?;
    at_exit.call_method1("register", (wrap_pyfunction!(close, module)?,))?;
    let in_child = [("after_in_child", wrap_pyfunction!(reopen, module)?)];
    let os = py.import("os")?;
    os.call_method("register_at_fork", (), Some(&in_child.into_py_dict(py)?))?;
    Ok(())
}

/// Keeps threads out, and waits for those inside.
#[pyfunction]
fn close(py: Python<'_>) {
    STATE.fetch_or(CLOSED, SeqCst);
    py.detach(|| {
        let began = Instant::now();
        while STATE.load(SeqCst) >= ONE_INSIDE && began.elapsed() < LONGEST_WAIT {
            thread::sleep(Duration::from_millis(1));
        }
    });
}

/// A forked child has none of its parent's threads.
#[pyfunction]
fn reopen() {
    STATE.store(0, SeqCst);
}
