//! Threads that each keep to a core.
//!
//! A thread or a process that is started by one that keeps to a core keeps to it too. To wake another core that is idle
//! takes many times as long as a call, and whether that is needed is up to the system otherwise: figures of the same
//! design would differ tenfold.

/// Keeps the calling thread on one of the cores that the process had in the beginning.
#[cfg(target_os = "linux")]
pub(crate) fn keep_to(number: usize) {
    use std::sync::LazyLock;

    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    static CORES: LazyLock<Vec<usize>> = LazyLock::new(|| {
        let allowed = sched_getaffinity(None).expect("a thread may ask for its cores");
        (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core)).collect()
    });
    let mut one = CpuSet::new();
    one.set(CORES[number % CORES.len()]);
    // Where it is not allowed, the threads run wherever the system puts them.
    let _ = sched_setaffinity(None, &one);
}

/// The system places the thread.
#[cfg(not(target_os = "linux"))]
pub(crate) fn keep_to(_number: usize) {}
