//! The thread that sees to it that no runtime is left alone.

use std::sync::{LazyLock, Mutex, Weak};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::exec::owned;
use crate::exec::vigil::Vigil;
use crate::process::PerProcess;
use crate::sync::ignore_poison;

/// The warden of the process, who is started when he is first needed.
struct Warden {
    vigil: Vigil,
    thread: Mutex<Option<Thread>>,
    monitored: Mutex<Vec<Weak<dyn Monitored>>>,
}

/// What the warden looks after.
pub(crate) trait Monitored: Send + Sync {
    /// Does what is due. Returns when to come again, or nothing if there is no need.
    fn visit(&self, now: Instant) -> Option<Duration>;

    /// The longest time between two visits.
    fn interval(&self) -> Duration;
}

/// Puts something into the warden's care.
pub(crate) fn enlist(monitored: Weak<dyn Monitored>) {
    let warden = warden();
    let mut all = ignore_poison(warden.monitored.lock());
    all.retain(|monitored| monitored.strong_count() > 0);
    all.push(monitored);
    drop(all);
    // He may be waiting for longer than this one allows.
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
        Warden { vigil: Vigil::asleep(), thread: Mutex::default(), monitored: Mutex::default() }
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

    /// Visits all that is monitored; then how long to wait for the next time, or nothing if nothing needs one.
    ///
    /// It is never longer than the shortest time between two visits: who leaves a runtime while the warden is
    /// awake does not wake him.
    fn visit_all(&self) -> Option<Duration> {
        let now = Instant::now();
        let all = ignore_poison(self.monitored.lock()).clone();
        let all: Vec<_> = all.iter().filter_map(Weak::upgrade).collect();
        let next = all.iter().filter_map(|monitored| monitored.visit(now)).min()?;
        let shortest = all.iter().map(|monitored| monitored.interval()).min()?;
        Some(next.min(shortest))
    }
}
