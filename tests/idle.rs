//! Threads that have made a call and do nothing cost nothing. This test has a process of its own, because it
//! measures the whole process.

#![cfg(target_os = "linux")]

mod support;

use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use smartasync::{Bridge, block_on};

use support::within_a_minute;

/// The memory that the process has in use, in KiB.
fn resident_memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// How often threads of this process have gone to sleep: each wakes once for that.
fn sleeps() -> u64 {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    tasks
        .map(|task| {
            let status = std::fs::read_to_string(task.unwrap().path().join("status")).unwrap();
            let line =
                status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
            line.unwrap().trim().parse::<u64>().unwrap()
        })
        .sum()
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

#[test]
fn sixty_four_idle_threads_use_no_cpu_time() {
    const THREADS: usize = 64;

    within_a_minute(|_| {
        let (called, calls) = channel();
        let releases: Vec<_> = (0..THREADS)
            .map(|_| {
                let called = called.clone();
                let (release, released) = channel::<()>();
                thread::spawn(move || {
                    called.send(()).unwrap();
                    let _ = released.recv();
                    block_on(async { tokio::time::sleep(Duration::from_millis(1)).await });
                    called.send(()).unwrap();
                    let _ = released.recv();
                });
                release
            })
            .collect();
        let all = || (0..THREADS).for_each(|_| calls.recv().unwrap());
        all();
        let bare = resident_memory();
        releases.iter().for_each(|release| release.send(()).unwrap());
        all();
        // One thread waits on the shared runtime, which the monitor checks once a second.
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let waiting = thread::spawn(|| Bridge::shared().block_on(stopped));
        // By then the monitor has looked at the runtimes, and the driver threads have started.
        thread::sleep(Duration::from_millis(500));

        let with_runtimes = resident_memory();
        let (sleeps_before, time_before) = (sleeps(), cpu_time());
        thread::sleep(Duration::from_secs(5));
        let (used, slept) = (cpu_time() - time_before, sleeps() - sleeps_before);
        let stats = Bridge::per_thread().stats();
        println!(
            "{THREADS} threads, {} runtimes, {} driver threads: {slept} wake-ups and {used:?} of CPU time in 5 s",
            stats.runtimes, stats.driver_threads
        );
        let each = (with_runtimes - bare) / stats.runtimes;
        println!(
            "{each} KiB of resident memory for each runtime with its driver thread and its threads' calls"
        );
        assert!(stats.driver_threads <= stats.runtimes as u64);
        // The monitor, and who waits on it, once a second; one of 64 threads that polls would wake far more often.
        assert!(slept < 30, "{slept} wake-ups");
        // Counts do not show a thread that spins.
        assert!(used < Duration::from_secs(1), "{used:?}");
        drop(releases);
        drop(stop);
        waiting.join().unwrap().unwrap_err();
    });
}
