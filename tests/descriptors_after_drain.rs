//! A host that ends the crate's threads again and again keeps none of their descriptors.
//!
//! This test has a process of its own, because it counts all descriptors.
#![cfg(target_os = "linux")]

mod support;

use std::fs;
use std::time::Duration;

use smartasync::{Bridge, join_threads};

use support::within_a_minute;

#[test]
fn no_descriptor_of_a_task_is_left() {
    within_a_minute(|stage| {
        let descriptors = || fs::read_dir("/proc/self/fd").unwrap().count();
        let spawn_and_join = |round| {
            stage.at(format!("round {round}"));
            Bridge::per_thread().spawn(async {});
            assert!(join_threads(Duration::from_secs(30)), "round {round}");
        };
        spawn_and_join(0);
        let after_one = descriptors();
        (1..5).for_each(spawn_and_join);
        assert_eq!(descriptors(), after_one);
    });
}
