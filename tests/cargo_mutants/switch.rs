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
static RECORD: OnceLock<File> = OnceLock::new();

/// Where this process has come to.
static REACHED: [AtomicBool; 8192] = [const { AtomicBool::new(false) }; 8192];

#[inline]
pub(crate) fn on(number: u32) -> bool {
    let chosen = CHOSEN.load(Relaxed);
    chosen == number || (chosen >= RECORDS && chosen != NONE && look(number))
}

/// Reads the choice, or notes that this place was reached. Where nothing is recorded, it allocates once for a process.
#[cold]
fn look(number: u32) -> bool {
    if CHOSEN.load(Relaxed) == UNREAD {
        let chosen = env::var("MUTANT").ok().and_then(|number| number.parse().ok());
        let records = env::var_os("MUTANTS_REACHED").is_some();
        CHOSEN.store(if records { RECORDS } else { chosen.unwrap_or(NONE) }, Relaxed);
    }
    let chosen = CHOSEN.load(Relaxed);
    if chosen == RECORDS && !REACHED[number as usize].swap(true, Relaxed) {
        record(number);
    }
    chosen == number
}

fn record(number: u32) {
    if let Some(file) = RECORD.get() {
        let _ = file.write_at(&[1], u64::from(number));
        return;
    }
    // A process may have no descriptor left for the file, and may have one later.
    let path = env::var_os("MUTANTS_REACHED").unwrap_or_default();
    let Ok(file) = OpenOptions::new().write(true).open(path) else { return };
    for (number, _) in (0..).zip(&REACHED).filter(|(_, reached)| reached.load(Relaxed)) {
        let _ = file.write_at(&[1], number);
    }
    let _ = RECORD.set(file);
}
