//! The thread that sees to it that no runtime is left alone.

use std::sync::{Arc, LazyLock, Mutex, Weak};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::exec::fleet::Fleet;
use crate::exec::owned;
use crate::exec::vigil::Vigil;
use crate::process::PerProcess;
use crate::sync::ignore_poison;

/// The warden of the process, who is started when he is first needed.
struct Warden {
    vigil: Vigil,
    thread: Mutex<Option<Thread>>,
    fleets: Mutex<Vec<Weak<Fleet>>>,
}

/// Puts a fleet into the warden's care.
pub(crate) fn enlist(fleet: &Arc<Fleet>) {
    let warden = warden();
    let mut fleets = ignore_poison(warden.fleets.lock());
    fleets.retain(|fleet| fleet.strong_count() > 0);
    fleets.push(Arc::downgrade(fleet));
    drop(fleets);
    // He may be waiting for longer than this fleet allows.
    if let Some(thread) = &*ignore_poison(warden.thread.lock()) {
        thread.unpark();
    }
}

/// Has the warden come by, after a runtime was left without a driver.
#[inline]
pub(crate) fn watch() {
    let warden = warden();
    warden.vigil.call(|| warden.wake());
}

#[inline]
fn warden() -> &'static Warden {
    static WARDEN: LazyLock<PerProcess<Warden>> = LazyLock::new(|| PerProcess::new(Warden::new()));
    WARDEN.get(|_| Warden::new())
}

impl Warden {
    fn new() -> Warden {
        Warden { vigil: Vigil::asleep(), thread: Mutex::default(), fleets: Mutex::default() }
    }

    #[cold]
    fn wake(&'static self) {
        let mut thread = ignore_poison(self.thread.lock());
        if let Some(thread) = &*thread {
            return thread.unpark();
        }
        let builder = thread::Builder::new().name("smartasync/warden".into());
        match builder.spawn(|| self.make_rounds()) {
            Ok(started) => *thread = Some(started.thread().clone()),
            Err(_) => self.vigil.give_up(),
        }
    }

    fn make_rounds(&self) {
        // A fleet or a runtime that ends while he looks at it must not hold him up.
        owned::end_none_here();
        loop {
            match self.visit_all() {
                Some(pause) => thread::park_timeout(pause),
                None if self.vigil.rest(|| self.visit_all().is_some()) => thread::park(),
                None => {}
            }
        }
    }

    /// Visits all fleets; then how long to wait for the next time, or nothing if no fleet needs one.
    ///
    /// It is never longer than the shortest time between two rounds: who leaves a runtime while the warden is
    /// awake does not wake him.
    fn visit_all(&self) -> Option<Duration> {
        let now = Instant::now();
        let fleets = ignore_poison(self.fleets.lock()).clone();
        let fleets: Vec<_> = fleets.iter().filter_map(Weak::upgrade).collect();
        let next = fleets.iter().filter_map(|fleet| fleet.visit(now)).min()?;
        let shortest = fleets.iter().map(|fleet| fleet.round()).min()?;
        Some(next.min(shortest))
    }
}
