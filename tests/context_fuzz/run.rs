//! Runs a tree, and records for the oracle where each node is.

use std::pin::Pin;
use std::sync::{LazyLock, Mutex};
use std::thread;
use std::time::Duration;

use smartasync::{Bridge as Private, Context, Nested, WaitErrorKind, smartasync};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::{self, LocalSet};

use crate::oracle::{
    At, Awaited, Here, Poller, TALLY, after_wait, check, check_async, entered, section, within,
};
use crate::support::{beside_a_driver, current_thread};
use crate::tree::{Async, Bridge, Flavour, Sync};

type BoxFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// It has more workers than a tree can block.
static MULTI: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(8).enable_all().build().unwrap());
/// Nobody drives it: it is only entered.
static UNDRIVEN: LazyLock<Runtime> = LazyLock::new(current_thread);
static PRIVATE: LazyLock<Private> = LazyLock::new(|| Private::builder().build());
static NESTED: LazyLock<Private> =
    LazyLock::new(|| Private::builder().nested(Nested::BlockInPlace).build());
static SINGLE: LazyLock<Private> = LazyLock::new(|| Private::builder().max_runtimes(1).build());
static PARK: LazyLock<Private> =
    LazyLock::new(|| Private::builder().shared_threads(8).nested(Nested::Park).build());
static FROM_HANDLE: LazyLock<Private> =
    LazyLock::new(|| Private::from_handle(MULTI.handle().clone()));

const ROOT: Poller = Poller::Root { allows_section: true };

pub(crate) fn run_sync(tree: &Sync) {
    check();
    run_sync_inner(tree);
    check();
}

fn run_sync_inner(tree: &Sync) {
    let here = Here::now();
    match tree {
        Sync::Nothing => {}
        Sync::Then(one, other) => {
            run_sync(one);
            run_sync(other);
        }
        Sync::Thread(s) => {
            let Here { holds_driver, parks_driver, .. } = here;
            let plain = Here { holds_driver, parks_driver, ..Here::PLAIN };
            on_thread(|| within(plain, || run_sync(s)));
        }
        Sync::Lock(bridge, s) => {
            if !here.holds_driver && here.poller != Some(Poller::Scheduler(Flavour::Current)) {
                lock(*bridge);
            }
            run_sync(s);
        }
        Sync::Enter(flavour, s) => {
            let runtime = if *flavour == Flavour::Multi { &*MULTI } else { &*UNDRIVEN };
            let _guard = runtime.enter();
            let is_driven = *flavour == Flavour::Multi;
            entered(*flavour, is_driven, || run_sync(s));
        }
        Sync::BlockInPlace(s) if here.may_open_section() => section(|| run_sync(s)),
        Sync::Wait(bridge, a) => wait(here, *bridge, a.clone()),
        Sync::BlockOn(..)
        | Sync::HandleBlockOn(_)
        | Sync::SecondBlockOn(_)
        | Sync::LocalSet(..)
        | Sync::LocalRuntime(_)
            if here.may_enter() =>
        {
            block_on(here, tree);
        }
        _ => {}
    }
}

fn on_thread(f: impl FnOnce() + Send) {
    thread::scope(|scope| {
        scope.spawn(f).join().unwrap_or_else(|payload| {
            std::panic::resume_unwind(payload);
        });
    });
}

/// Blocks on a lock whose holder waits for a call, perhaps one that runs on the runtime that polls this code.
fn lock(bridge: Bridge) {
    let lock = Mutex::new(());
    let (hold, held) = std::sync::mpsc::channel();
    thread::scope(|scope| {
        let lock = &lock;
        scope.spawn(move || {
            let _guard = lock.lock().unwrap();
            hold.send(()).unwrap();
            // The timer needs a driver.
            let naps = async { tokio::time::sleep(Duration::from_micros(100)).await };
            match private(bridge) {
                Some(bridge) => bridge.block_on(naps),
                None => smartasync::block_on(naps),
            }
        });
        held.recv().unwrap();
        drop(lock.lock().unwrap());
    });
}

/// Nothing for the default bridge.
fn private(bridge: Bridge) -> Option<&'static Private> {
    match bridge {
        Bridge::Default => None,
        Bridge::Private => Some(&PRIVATE),
        Bridge::Nested => Some(&NESTED),
        Bridge::Single => Some(&SINGLE),
        Bridge::FromHandle => Some(&FROM_HANDLE),
        Bridge::Park => Some(&PARK),
    }
}

fn block_on(here: Here, tree: &Sync) {
    let scheduler = |flavour| here.polled(Poller::Scheduler(flavour), flavour);
    match tree {
        Sync::BlockOn(Flavour::Current, a) => {
            current_thread().block_on(at(scheduler(Flavour::Current), a));
        }
        Sync::BlockOn(Flavour::Multi, a) => {
            MULTI.block_on(at(here.polled(ROOT, Flavour::Multi), a))
        }
        Sync::HandleBlockOn(a) => beside_a_driver(|runtime| {
            runtime.handle().block_on(at(here.polled(ROOT, Flavour::Current), a));
        }),
        Sync::SecondBlockOn(a) => beside_a_driver(|runtime| {
            let root = Poller::Root { allows_section: false };
            runtime.block_on(at(here.polled(root, Flavour::Current), a));
        }),
        Sync::LocalSet(flavour, a) => {
            let (runtime, place) = match flavour {
                Flavour::Current => (&current_thread(), scheduler(Flavour::Current)),
                Flavour::Multi => (&*MULTI, here.polled(ROOT, Flavour::Multi)),
            };
            LocalSet::new().block_on(runtime, at(Here { is_local: true, ..place }, a));
        }
        Sync::LocalRuntime(a) => {
            let runtime =
                Builder::new_current_thread().enable_all().build_local(Default::default());
            let place = Here { is_local: true, ..scheduler(Flavour::Current) };
            runtime.unwrap().block_on(at(place, a));
        }
        _ => unreachable!("not a block_on"),
    }
}

#[smartasync]
async fn call(future: BoxFuture) {
    future.await;
}

fn wait(here: Here, bridge: Bridge, a: Box<Async>) {
    let opens_section = bridge == Bridge::Nested
        && here.poller.is_some()
        && here.scheduler == Some(Flavour::Multi)
        && here.handle == Some(Flavour::Multi);
    if opens_section {
        return section(|| wait(Here::now(), bridge, a));
    }
    if bridge == Bridge::Park && here.poller.is_some() && here.expected() == Context::Async {
        return park(here, &a);
    }
    // Its one runtime may be driven by a thread that is parked until this has ended.
    if !here.may_wait() || (bridge == Bridge::Single && here.parks_driver) {
        return;
    }
    // In the known limit a wait opens a section by itself.
    let outside = Here { poller: None, is_local: false, ..here };
    // The future is polled through the handle, whoever drives the runtime.
    let own = outside.polled(ROOT, Flavour::Current);
    let place = match (bridge, here.handle) {
        (Bridge::Private | Bridge::Nested | Bridge::Single, _) => own,
        (Bridge::FromHandle, _) => outside.polled(ROOT, Flavour::Multi),
        (Bridge::Park, _) => on_park(outside.polled(ROOT, Flavour::Multi)),
        (Bridge::Default, None) => own,
        // That runtime may be driven by nobody.
        (Bridge::Default, Some(Flavour::Current)) => own,
        (Bridge::Default, Some(flavour)) => {
            Here { is_on_park: here.is_on_park, ..outside.polled(ROOT, flavour) }
        }
    };
    let place = Here { has_call_waker: true, ..place };
    let waited = call(Box::pin(at(place, &a)));
    match private(bridge) {
        Some(bridge) => waited.on(bridge).wait(),
        None => waited.wait(),
    }
    after_wait();
}

/// A call in async code, on the bridge that parks. It runs unless it would block one of the bridge's own workers.
fn park(here: Here, a: &Async) {
    // A documented limit: a task that holds a guard of another runtime is taken for a task of that.
    if here.is_park_worker && !here.is_on_park {
        return;
    }
    let waited = call(Box::pin(at(here.parked(), a))).on(&PARK);
    if here.may_park() {
        assert_eq!(PARK.context(), Context::Blocking, "{here:?}");
        waited.wait();
        return TALLY.count_parked();
    }
    assert_eq!(PARK.context(), Context::Async, "{here:?}");
    assert_eq!(waited.try_wait().unwrap_err().kind(), WaitErrorKind::AsyncContext, "{here:?}");
}

fn on_park(here: Here) -> Here {
    Here { is_on_park: true, ..here }
}

fn at(here: Here, tree: &Async) -> At<BoxFuture> {
    At::new(here, run_async(tree.clone()))
}

fn run_async(tree: Async) -> BoxFuture {
    Box::pin(async move {
        check_async().await;
        run_async_inner(tree).await;
        check_async().await;
    })
}

async fn run_async_inner(tree: Async) {
    let here = Here::now();
    match tree {
        Async::Nothing => {}
        Async::Then(one, other) => {
            run_async(*one).await;
            run_async(*other).await;
        }
        Async::YieldNow(a) => {
            task::yield_now().await;
            run_async(*a).await;
            task::yield_now().await;
        }
        Async::Sync(s) => run_sync(&s),
        Async::Task(a) if here.is_driven => {
            let flavour = here.handle.expect("a future has a runtime");
            let place = Here::PLAIN.polled(Poller::Scheduler(flavour), flavour);
            let holds_driver = here.holds_driver || flavour == Flavour::Current;
            let place = Here {
                has_task_id: true,
                holds_driver,
                is_on_park: here.is_on_park,
                is_park_worker: here.is_on_park,
                parks_driver: here.parks_driver,
                ..place
            };
            finish(tokio::spawn(at(place, &a))).await;
        }
        Async::LocalTask(a) if here.is_local && !here.is_parked => {
            let place = Here { is_limited: true, has_task_id: true, holds_driver: true, ..here };
            finish(task::spawn_local(at(place, &a))).await;
        }
        Async::SpawnBlocking(s) => {
            let place = Here {
                handle: here.handle,
                is_driven: here.is_driven,
                has_task_id: true,
                holds_driver: here.holds_driver,
                is_on_park: here.is_on_park,
                parks_driver: here.parks_driver,
                ..Here::PLAIN
            };
            finish(Handle::current().spawn_blocking(move || within(place, || run_sync(&s)))).await;
        }
        Async::Call(a) => call(Box::pin(Awaited::new(run_async(*a)))).await,
        Async::Select(one, other) => {
            let (mut one, mut other) = (run_async(*one), run_async(*other));
            tokio::select! {
                () = &mut one => other.await,
                () = &mut other => one.await,
            }
        }
        Async::Join(one, other) => {
            tokio::join!(run_async(*one), run_async(*other));
        }
        Async::Unconstrained(a) => {
            task::unconstrained(At::unconstrained(run_async(*a))).await;
        }
        _ => {}
    }
}

async fn finish(task: task::JoinHandle<()>) {
    if let Err(error) = task.await {
        std::panic::resume_unwind(error.into_panic());
    }
}
