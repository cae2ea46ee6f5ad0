//! With the feature `tracing`, a slow call is an event. This test has a process of its own, because it sets the
//! subscriber.

#![cfg(feature = "tracing")]

mod support;

use std::io::{self, Write};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use smartasync::{Bridge, smartasync};
use support::within_a_minute;

/// Sends each piece of the log to the test.
#[derive(Clone)]
struct Log(Sender<String>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.send(String::from_utf8_lossy(bytes).into_owned()).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[smartasync]
async fn doze() {
    tokio::time::sleep(Duration::from_millis(100)).await;
}

#[test]
fn a_slow_call_is_a_warning_with_its_name_and_its_caller() {
    within_a_minute(|stage| {
        let (sender, lines) = channel();
        let log = Log(sender);
        tracing_subscriber::fmt().with_ansi(false).with_writer(move || log.clone()).init();
        let bridge = Bridge::builder().warn_after(Duration::from_millis(10)).build();
        doze().on(&bridge).wait();
        stage.at("the event");
        let line = lines.recv().unwrap();
        for part in ["WARN", "slow call", "name=\"doze\"", file!(), "waited="] {
            assert!(line.contains(part), "{part} is not in {line}");
        }
    });
}
