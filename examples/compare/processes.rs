//! This program again, in a process of its own.

use std::env;
use std::process::{Command, Stdio};

pub(crate) fn of_this_program(argument: &str) -> Command {
    let mut command = Command::new(env::current_exe().expect("the program has a path"));
    command.arg(argument).stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}
