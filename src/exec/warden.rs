//! The thread that sees to it that no runtime is left alone.

use std::sync::{Arc, LazyLock, Mutex, MutexGuard, Weak};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::exec::fleet::Fleet;
use crate::exec::vigil::Vigil;

static VIGIL: LazyLock<Vigil> = LazyLock::new(Vigil::asleep);
static WARDEN: Mutex<Option<Thread>> = Mutex::new(None);
static FLEETS: Mutex<Vec<Weak<Fleet>>> = Mutex::new(Vec::new());

/// Puts a fleet into the warden's care.
pub(crate) fn enlist(fleet: &Arc<Fleet>) {
    let mut fleets = lock(&FLEETS);
    fleets.retain(|fleet| fleet.strong_count() > 0);
    fleets.push(Arc::downgrade(fleet));
    drop(fleets);
    // He may be waiting for longer than this fleet allows.
    if let Some(warden) = &*lock(&WARDEN) {
        warden.unpark();
    }
}

/// Has the warden come by, after a runtime was left without a driver.
#[inline]
pub(crate) fn watch() {
    VIGIL.call(wake);
}

#[cold]
fn wake() {
    let mut warden = lock(&WARDEN);
    match &*warden {
        Some(warden) => warden.unpark(),
        None => {
            let thread = thread::Builder::new().name("smartasync/warden".into());
            match thread.spawn(make_rounds) {
                Ok(started) => *warden = Some(started.thread().clone()),
                Err(_) => VIGIL.give_up(),
            }
        }
    }
}

fn make_rounds() {
    loop {
        match visit_all() {
            Some(pause) => thread::park_timeout(pause),
            None if VIGIL.rest(|| visit_all().is_some()) => thread::park(),
            None => {}
        }
    }
}

/// Visits all fleets; then how long to wait for the next time, or nothing if no fleet needs one.
///
/// It is never longer than the shortest grace period: who leaves a runtime while the warden is awake
/// does not wake him.
fn visit_all() -> Option<Duration> {
    let now = Instant::now();
    let fleets = lock(&FLEETS).clone();
    let fleets: Vec<_> = fleets.iter().filter_map(Weak::upgrade).collect();
    let next = fleets.iter().filter_map(|fleet| fleet.visit(now)).min()?;
    let shortest = fleets.iter().map(|fleet| fleet.blueprint.grace).min()?;
    Some(next.min(shortest))
}

/// What is locked here is left whole by a panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
