//! Threads that each keep to a core.

/// Keeps the calling thread on one of the cores that it may use. Threads that run for a moment only would otherwise
/// stay on the core of the thread that has woken them, and the other cores would have nothing to do.
#[cfg(target_os = "linux")]
pub(crate) fn keep_to(number: usize) {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    let Ok(allowed) = sched_getaffinity(None) else { return };
    let cores: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core)).collect();
    let mut one = CpuSet::new();
    one.set(cores[number % cores.len()]);
    // Where it is not allowed, the threads run wherever the system puts them.
    let _ = sched_setaffinity(None, &one);
}

/// The system places the thread.
#[cfg(not(target_os = "linux"))]
pub(crate) fn keep_to(_number: usize) {}
