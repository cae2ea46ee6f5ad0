//! The threads that the crate starts for itself.

use std::io;
use std::sync::{LazyLock, Mutex, MutexGuard};
use std::thread::{self, JoinHandle, Scope, ScopedJoinHandle, Thread};
use std::time::{Duration, Instant};

use crate::process::PerProcess;
use crate::registry::Registry;
use crate::sync::ignore_poison;

/// The threads that have been started and not joined. A forked child has none of its parent's.
static STARTED: LazyLock<PerProcess<Mutex<Started>>> =
    LazyLock::new(|| PerProcess::new(Started::none()));

#[derive(Debug)]
struct Started {
    threads: Registry<JoinHandle<()>>,
    /// How many have ended, and are being waited for.
    joining: usize,
}

impl Started {
    fn none() -> Mutex<Started> {
        Mutex::new(Started { threads: Registry::new(), joining: 0 })
    }
}

/// Starts a thread that runs `run` where the main thread would: see [`follow_main_thread`]. It will serve others than
/// the thread that happens to start it.
///
/// # Errors
///
/// When the system has no thread for it.
pub(crate) fn spawn(name: String, run: impl FnOnce() + Send + 'static) -> io::Result<Thread> {
    let handle = thread::Builder::new().name(name).spawn(move || {
        follow_main_thread();
        run();
    })?;
    let thread = handle.thread().clone();
    started().threads.add(handle);
    Ok(thread)
}

/// Starts a thread like [`spawn`], for which the caller waits.
///
/// # Errors
///
/// When the system has no thread for it.
pub(crate) fn spawn_scoped<'scope>(
    scope: &'scope Scope<'scope, '_>,
    name: String,
    run: impl FnOnce() + Send + 'scope,
) -> io::Result<ScopedJoinHandle<'scope, ()>> {
    thread::Builder::new().name(name).spawn_scoped(scope, move || {
        follow_main_thread();
        run();
    })
}

/// Waits for those that have ended, until the system has let go of them too. Whether these are all.
pub(crate) fn join_ended() -> bool {
    let mut all = started();
    let ended = all.threads.take_gone();
    all.joining += ended.len();
    drop(all);
    // Not under the lock: the destructors of its thread-locals may start another.
    let joined = ended.into_iter().map(|thread| drop(thread.join())).count();
    let mut all = started();
    all.joining -= joined;
    all.threads.is_empty() && all.joining == 0
}

fn started() -> MutexGuard<'static, Started> {
    ignore_poison(STARTED.get(|_| Started::none()).lock())
}

/// How long a thread sleeps between two checks of something that nobody notifies it of.
const PAUSE: Duration = Duration::from_millis(1);

/// Waits until `is_done`, or until `deadline` has passed. Returns whether it is done.
pub(crate) fn wait_until(deadline: Instant, mut is_done: impl FnMut() -> bool) -> bool {
    while !is_done() {
        let left = left_until(deadline);
        if left.is_zero() {
            return false;
        }
        thread::sleep(left.min(PAUSE));
    }
    true
}

pub(crate) fn left_until(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

/// Gives the calling thread the CPUs, the niceness and the network namespace of the main thread, as far as the system
/// allows. What it has inherited is that of the thread whose call has started it, which may be pinned, in a hurry or in
/// another network.
#[cfg(all(target_os = "linux", not(miri)))]
pub(crate) fn follow_main_thread() {
    use rustix::process::{getpid, getpriority_process, setpriority_process};
    use rustix::thread::{sched_getaffinity, sched_setaffinity};

    // The id of the process is that of its main thread.
    let main = Some(getpid());
    let _ = sched_getaffinity(main).and_then(|cpus| sched_setaffinity(None, &cpus));
    let _ = getpriority_process(main).and_then(|nice| setpriority_process(None, nice));
    let _ = enter_network_of_main_thread();
}

// Miri knows no priorities and no namespaces.
#[cfg(any(not(target_os = "linux"), miri))]
pub(crate) fn follow_main_thread() {}

#[cfg(all(target_os = "linux", not(miri)))]
fn enter_network_of_main_thread() -> io::Result<()> {
    use std::fs::{File, read_link};
    use std::os::fd::AsFd;

    use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

    const MAIN: &str = "/proc/self/ns/net";

    // To enter the namespace that it is in takes the right to do so, and a descriptor.
    if read_link(MAIN)? != read_link("/proc/thread-self/ns/net")? {
        let main = File::open(MAIN)?;
        move_into_link_name_space(main.as_fd(), Some(LinkNameSpaceType::Network))?;
    }
    Ok(())
}
