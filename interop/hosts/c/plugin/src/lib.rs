//! A library for hosts that are written in C: blocking functions, made of an async client.
//!
//! `plugin.h` declares them. None of them panics into the host.

mod client;

use std::ffi::{c_int, c_void};
use std::io;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use smartasync::{WaitError, WaitErrorKind, join_threads};

use client::Client;

/// How long a call may take: the host has a deadline for a hang, which is longer.
const LIMIT: Duration = Duration::from_secs(30);

static CLIENT: RwLock<Option<Arc<Client>>> = RwLock::new(None);

/// What a function says of its end: `enum plugin_status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum Status {
    /// All is done.
    Done,
    /// The server could not be asked.
    Failed,
    /// The caller is inside of a call, and would wait for itself.
    Refused,
}

/// `struct plugin_answer`
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Answer {
    status: Status,
    number: u64,
}

/// `plugin_part`
type Part = extern "C" fn(context: *mut c_void, part: u64);

/// Begins to use the server on a port of this host.
// SAFETY: no other function of the process has this name.
#[unsafe(no_mangle)]
pub extern "C" fn plugin_begin(port: u16) {
    let client = Some(Arc::new(Client::new(port)));
    *CLIENT.write().unwrap_or_else(PoisonError::into_inner) = client;
}

/// Asks for the answer to a number.
// SAFETY: no other function of the process has this name.
#[unsafe(no_mangle)]
pub extern "C" fn plugin_ask(number: u64) -> Answer {
    let asked = client().and_then(|client| within_limit(client.ask(number).wait_timeout(LIMIT)));
    match asked {
        Ok(number) => Answer { status: Status::Done, number },
        Err(status) => Answer { status, number: 0 },
    }
}

/// Asks for an answer in parts, and calls the host between two calls of the client.
// SAFETY: no other function of the process has this name.
#[unsafe(no_mangle)]
pub extern "C" fn plugin_each(number: u64, parts: u32, part: Part, context: *mut c_void) -> Status {
    status(client().and_then(|client| {
        let mut answer = within_limit(client.begin(number, parts).wait_timeout(LIMIT))?;
        for _ in 0..parts {
            part(context, within_limit(client.next(&mut answer).wait_timeout(LIMIT))?);
        }
        client.give_back(answer);
        Ok(())
    }))
}

/// Asks for an answer in parts, and calls the host from inside of the one call of the client.
// SAFETY: no other function of the process has this name.
#[unsafe(no_mangle)]
pub extern "C" fn plugin_each_inside(
    number: u64,
    parts: u32,
    part: Part,
    context: *mut c_void,
) -> Status {
    status(client().and_then(|client| {
        let call = client.each(number, parts, |number| part(context, number));
        within_limit(call.wait_timeout(LIMIT))
    }))
}

/// Says goodbye to the server and ends the threads of this library. Whether they are gone: only then may it be unloaded.
// SAFETY: no other function of the process has this name.
#[unsafe(no_mangle)]
pub extern "C" fn plugin_end() -> c_int {
    drop(CLIENT.write().unwrap_or_else(PoisonError::into_inner).take());
    c_int::from(join_threads(LIMIT))
}

fn client() -> Result<Arc<Client>, Status> {
    CLIENT.read().unwrap_or_else(PoisonError::into_inner).clone().ok_or(Status::Failed)
}

fn within_limit<T>(waited: Result<io::Result<T>, WaitError>) -> Result<T, Status> {
    match waited {
        Ok(Ok(output)) => Ok(output),
        Err(error) if error.kind() == WaitErrorKind::AsyncContext => Err(Status::Refused),
        Ok(Err(_)) | Err(_) => Err(Status::Failed),
    }
}

fn status(result: Result<(), Status>) -> Status {
    result.err().unwrap_or(Status::Done)
}
