//! The Ctrl-C example ends when it is interrupted, with all of its workers.
//!
//! This test is separate because it compiles the example first, which would slow down tests that run at the same
//! time.

#![cfg(all(unix, feature = "tokio-util"))]

mod support;

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use support::within;

#[test]
fn the_workers_stop_on_ctrl_c() {
    // The example is built first, in the profile and with the features of this test.
    within(Duration::from_secs(300), |stage| {
        stage.at("build");
        // Of the whole workspace: where this test was built with all of it, the example is there already.
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--workspace", "--all-features", "--example", "ctrl_c"]);
        if !cfg!(debug_assertions) {
            cargo.arg("--release");
        }
        assert!(cargo.status().unwrap().success());

        stage.at("start");
        // Beside the folder of this test program.
        let test = std::env::current_exe().unwrap();
        let program = test.ancestors().nth(2).unwrap().join("examples/ctrl_c");
        let mut example = Command::new(program)
            .args(["--workers", "3", "--hold", "100"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(example.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert_eq!(line, "3 workers wait; press Ctrl-C\n");

        stage.at("Ctrl-C");
        // Long enough for several messages.
        std::thread::sleep(Duration::from_millis(350));
        kill_process(Pid::from_child(&example), Signal::INT).unwrap();
        let mut report = String::new();
        output.read_to_string(&mut report).unwrap();
        assert_eq!(report.matches("has stopped after").count(), 3, "{report}");
        assert!(example.wait().unwrap().success());
    });
}
