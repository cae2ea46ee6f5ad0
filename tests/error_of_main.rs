//! A program whose `main` returns the error of a wait says what happened, in words.
//!
//! Each program is a process of its own: this executable, called with the program's name. It has no test harness,
//! because `main` itself returns what the program does.

use std::env;
use std::error::Error;
use std::future::pending;
use std::process::{Command, ExitCode, Termination};
use std::time::Duration;

use smartasync::{WaitError, block_on, smartasync};

mod support;

#[smartasync]
async fn forever() {
    pending().await
}

const NO_TIME: Duration = Duration::from_millis(1);

fn bare() -> Result<(), WaitError<impl Sized>> {
    forever().wait_timeout(NO_TIME)
}

fn in_a_box() -> Result<(), Box<dyn Error>> {
    Ok(forever().wait_timeout(NO_TIME)?)
}

fn in_a_box_that_may_leave_its_thread() -> Result<(), Box<dyn Error + Send + Sync>> {
    Ok(forever().wait_timeout(NO_TIME).map_err(WaitError::without_call)?)
}

fn unwrapped() -> Result<(), Box<dyn Error>> {
    forever().wait_timeout(NO_TIME).unwrap();
    Ok(())
}

fn refused() -> Result<(), Box<dyn Error>> {
    Ok(block_on(async { forever().try_wait() }).map_err(WaitError::without_call)?)
}

/// A program, what it prints before the message, and what the message contains.
type Program = (&'static str, fn() -> ExitCode, &'static str, &'static str);

const PROGRAMS: &[Program] = &[
    (
        "bare",
        || bare().report(),
        "Error: `forever` at tests/error_of_main.rs:",
        " timed out after ",
    ),
    (
        "in a box",
        || in_a_box().report(),
        "Error: `forever` at tests/error_of_main.rs:",
        " timed out after ",
    ),
    (
        "in a box that may leave its thread",
        || in_a_box_that_may_leave_its_thread().report(),
        "Error: `forever` at tests/error_of_main.rs:",
        " timed out after ",
    ),
    (
        "unwrapped",
        || unwrapped().report(),
        "on an `Err` value: `forever` at tests/error_of_main.rs:",
        " timed out after ",
    ),
    (
        "refused",
        || refused().report(),
        "Error: cannot wait for `forever` at tests/error_of_main.rs:",
        "\nin async code: use `.await` instead",
    ),
];

fn main() -> ExitCode {
    if let Some(name) = env::args().nth(1)
        && let Some((_, run, ..)) = PROGRAMS.iter().find(|program| program.0 == name)
    {
        return run();
    }
    support::within_a_minute(|stage| {
        for (name, _, start, rest) in PROGRAMS {
            stage.at(*name);
            let program = Command::new(env::current_exe().unwrap()).arg(name).output().unwrap();
            let printed = String::from_utf8(program.stderr).unwrap();
            assert!(!program.status.success(), "{name}: {printed}");
            let message = printed.split_once(start).unwrap_or_else(|| panic!("{name}: {printed}"));
            assert!(message.1.contains(rest), "{name}: {printed}");
            assert!(!printed.contains("WaitError"), "{name}: {printed}");
        }
        println!("{} programs", PROGRAMS.len());
    });
    ExitCode::SUCCESS
}
