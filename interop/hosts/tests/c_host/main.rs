//! A C program loads a library that is made with this crate, uses it on threads of its own, and unloads it.
//!
//! Where the plugin has been ended with `join_threads`, and the threads that have used it have ended too, the system
//! unloads it, and nothing is left but the heap of its statics: no thread, no descriptor, no handler of `fork`. These are
//! some 6,000 bytes for each time that it is loaded.
//!
//! A thread that has used the library and still lives has destructors in it, and as long as it lives the system keeps the
//! library loaded. So it is with a main thread that has used it, up to the end of the process; with the threads of a
//! plugin that was closed and not ended; and so with the threads of this crate, since each has destructors of the standard
//! library. What is loaded again is then what was there, with its statics.
//!
//! Promised is that no thread of this crate is left where `join_threads` returns true. That the library stays as long as
//! a thread needs it is what the C library of Linux does. Elsewhere the threads that have used a plugin must end before it
//! is unloaded.
//!
//! Tokio opens two descriptors for the first runtime of a process if it has its feature `signal`, and never closes them.
//! Each time that the library is loaded is a first time. So the plugin is built without.
#![cfg(target_os = "linux")]

mod built;
mod server;
#[path = "../../../../tests/support/mod.rs"]
mod support;

use std::process::{Command, Stdio};

use support::{Stage, within_a_minute};

use built::{host, plugin};
use server::{Seen, Server};

#[test]
fn a_plugin_that_has_ended_is_unloaded_and_loaded_again() {
    let (answered, seen) = run("rounds");
    assert_eq!((seen.answered, answered), (7_200, 7_200));
    assert_eq!(seen.goodbyes, seen.connections);
}

#[test]
fn a_main_thread_that_has_used_the_plugin_keeps_it_loaded() {
    let (answered, seen) = run("main_thread");
    assert_eq!((seen.answered, answered), (7_380, 7_380));
    assert_eq!(seen.goodbyes, seen.connections);
}

#[test]
fn threads_may_end_after_the_plugin_was_closed() {
    let (answered, seen) = run("threads_that_stay");
    assert_eq!((seen.answered, answered), (720, 720));
    assert_eq!(seen.goodbyes, seen.connections);
}

#[test]
fn a_plugin_that_is_closed_in_use_stays_loaded() {
    let (answered, seen) = run("closed_in_use");
    assert_eq!((seen.answered, answered), (7_200, 7_200));
}

#[test]
fn main_may_return_while_threads_use_the_plugin() {
    for _ in 0..20 {
        let (answered, seen) = run("exit_in_use");
        // The others have had answers too, before and after it was counted.
        assert!(answered >= 18 && seen.answered >= answered, "{answered}, {seen:?}");
    }
}

/// Runs a scenario of the host, to its end. Returns how many answers it has had, and what its server has seen.
fn run(scenario: &str) -> (u64, Seen) {
    // Not part of the time in which a hang is one.
    let (host, plugin) = (host(), plugin());
    within_a_minute(|stage: &Stage| {
        let server = Server::start();
        stage.at(format!("{scenario}, {:?}", server.seen()));
        let mut command = Command::new(host);
        command.arg(scenario).arg(plugin).arg(server.port().to_string()).stdin(Stdio::null());
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        println!("{said}{:?}", server.seen());
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {said}{error}", output.status);
        let last = said.lines().last().and_then(|line| line.strip_prefix(scenario)).unwrap();
        let answered = last.strip_prefix(": ").and_then(|last| last.strip_suffix(" answered"));
        (answered.unwrap().parse().unwrap(), server.end())
    })
}
