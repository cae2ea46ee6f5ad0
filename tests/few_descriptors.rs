//! All bridges of a process together leave it most of its descriptors. This test has a process of its own, because
//! it lowers their limit.

#![cfg(target_os = "linux")]

mod support;

use std::fs;
use std::sync::Barrier;
use std::thread;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use smartasync::Bridge;

use support::within_a_minute;

const DESCRIPTORS: u64 = 256;
/// The runtimes that a quarter of the descriptors suffices for, at four descriptors for each.
const AFFORDABLE: usize = 16;
const THREADS: usize = 20;

/// Makes calls on each bridge from many threads that are alive at once. Returns how many runtimes each bridge has
/// then, and how many descriptors the process has open.
fn crowd<const N: usize>(bridges: &[Bridge; N]) -> ([usize; N], usize) {
    let all_have_called = Barrier::new(N * THREADS + 1);
    let all_are_counted = Barrier::new(N * THREADS + 1);
    thread::scope(|scope| {
        for number in 0..N * THREADS {
            let bridge = &bridges[number % N];
            let (called, counted) = (&all_have_called, &all_are_counted);
            scope.spawn(move || {
                bridge.block_on(tokio::task::yield_now());
                called.wait();
                counted.wait();
            });
        }
        all_have_called.wait();
        let counts = bridges.each_ref().map(|bridge| bridge.stats().runtimes);
        let descriptors = fs::read_dir("/proc/self/fd").unwrap().count();
        all_are_counted.wait();
        (counts, descriptors)
    })
}

#[test]
fn all_bridges_share_a_quarter_of_the_descriptors() {
    within_a_minute(|stage| {
        let maximum = getrlimit(Resource::Nofile).maximum;
        setrlimit(Resource::Nofile, Rlimit { current: Some(DESCRIPTORS), maximum }).unwrap();

        stage.at("bridges that say nothing");
        let bridges = [(); 6].map(|()| Bridge::builder().build());
        let (runtimes, descriptors) = crowd(&bridges);
        println!("{runtimes:?} runtimes, {descriptors} descriptors");
        assert!(runtimes.iter().all(|count| *count > 0), "{runtimes:?}");
        // Some bridges may have no runtime yet when the last affordable one is taken; each of them still gets one.
        assert!(runtimes.iter().sum::<usize>() < AFFORDABLE + 6, "{runtimes:?}");
        assert!(descriptors < 128, "{descriptors}");

        stage.at("a bridge that says how many");
        let (runtimes, _) = crowd(&[Bridge::builder().max_runtimes(THREADS).build()]);
        assert_eq!(runtimes, [THREADS]);

        stage.at("after these are gone");
        drop(bridges);
        // Their driver threads close the descriptors a moment later.
        while crowd(&[Bridge::builder().build()]).0[0] < AFFORDABLE {
            thread::yield_now();
        }
    });
}
