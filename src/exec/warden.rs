//! The thread that sees to it that no runtime is left alone.

use std::sync::{Arc, LazyLock, Mutex, OnceLock, Weak};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::exec::fleet::Fleet;
use crate::exec::vigil::Vigil;

static VIGIL: LazyLock<Vigil> = LazyLock::new(Vigil::asleep);
static FLEETS: Mutex<Vec<Weak<Fleet>>> = Mutex::new(Vec::new());

/// Puts a fleet into the warden's care.
pub(crate) fn enlist(fleet: &Arc<Fleet>) {
    let mut fleets = FLEETS.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    fleets.retain(|fleet| fleet.strong_count() > 0);
    fleets.push(Arc::downgrade(fleet));
}

/// Has the warden come by, after a runtime was left without a driver.
#[inline]
pub(crate) fn watch() {
    VIGIL.call(wake);
}

#[cold]
fn wake() {
    static WARDEN: OnceLock<Option<Thread>> = OnceLock::new();
    let start = || {
        let warden = thread::Builder::new().name("smartasync/warden".into()).spawn(make_rounds);
        warden.ok().map(|warden| warden.thread().clone())
    };
    if let Some(warden) = WARDEN.get_or_init(start) {
        warden.unpark();
    }
}

fn make_rounds() {
    loop {
        match round() {
            Some(pause) => thread::sleep(pause),
            None if VIGIL.rest(|| round().is_some()) => thread::park(),
            None => {}
        }
    }
}

/// Visits all fleets; then how long to wait for the next time, or nothing if no fleet needs one.
fn round() -> Option<Duration> {
    let now = Instant::now();
    let fleets = FLEETS.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone();
    fleets.iter().filter_map(Weak::upgrade).filter_map(|fleet| fleet.visit(now)).min()
}
