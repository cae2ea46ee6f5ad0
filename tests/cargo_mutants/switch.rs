//! Which mutant is on. A copy of this file is part of each package whose mutants are in one build.

use std::env;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::sync::OnceLock;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU32};

const UNREAD: u32 = u32::MAX;
const NONE: u32 = u32::MAX - 1;
const RECORDS: u32 = u32::MAX - 2;

static CHOSEN: AtomicU32 = AtomicU32::new(UNREAD);

/// Has a byte for each mutant, which is 1 if a process has come to its place. Written at once: a process may crash.
static REACHED: OnceLock<Option<File>> = OnceLock::new();

/// What this process has written.
static WRITTEN: [AtomicBool; 8192] = [const { AtomicBool::new(false) }; 8192];

#[inline]
pub(crate) fn on(number: u32) -> bool {
    let chosen = CHOSEN.load(Relaxed);
    chosen == number || (chosen >= RECORDS && chosen != NONE && look(number))
}

/// Reads the choice, and notes that this place was reached. Allocates at the first call of the process only.
#[cold]
fn look(number: u32) -> bool {
    if CHOSEN.load(Relaxed) == UNREAD {
        let variable = |name| env::var_os(name).and_then(|value| value.into_string().ok());
        let chosen = variable("MUTANT").and_then(|number| number.parse().ok()).unwrap_or(NONE);
        let file = variable("MUTANTS_REACHED")
            .and_then(|path| OpenOptions::new().write(true).open(path).ok());
        let chosen = if file.is_some() { RECORDS } else { chosen };
        let _ = REACHED.set(file);
        CHOSEN.store(chosen, Relaxed);
    }
    if let Some(Some(file)) = REACHED.get() {
        if !WRITTEN[number as usize].swap(true, Relaxed) {
            let _ = file.write_at(&[1], u64::from(number));
        }
    }
    CHOSEN.load(Relaxed) == number
}
