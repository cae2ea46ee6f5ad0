//! Objects that need Tokio when they are made or dropped, in sync code.

use std::panic::catch_unwind;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use smartasync::{Bridge, Context, Wait, block_on, block_on_with, context, enter};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::runtime::Handle;
use tokio::time::{interval, sleep, timeout};

use crate::support::{SaysGoodbye, current_thread, multi_thread, nothing, within_a_minute};

const SHORT: Duration = Duration::from_millis(1);

fn bridges() -> impl IntoIterator<Item = Bridge> {
    [
        Bridge::per_thread(),
        #[cfg(feature = "rt-multi-thread")]
        Bridge::shared(),
        Bridge::builder().build(),
    ]
}

fn id() -> tokio::runtime::Id {
    Handle::current().id()
}

#[test]
fn what_panics_outside_works_inside() {
    within_a_minute(|stage| {
        assert!(catch_unwind(|| sleep(SHORT)).is_err(), "this shows something");
        for bridge in bridges() {
            stage.at(format!("{bridge:?}"));
            let guard = bridge.enter();
            sleep(SHORT).wait();
            assert!(timeout(SHORT, std::future::pending::<()>()).wait().is_err());
            interval(SHORT).tick().wait();
            let output = Command::from(nothing()).status();
            assert!(block_on(output).unwrap().success());
            assert_eq!(block_on(tokio::spawn(async { 42 })).unwrap(), 42);
            let (told, goodbyes) = channel();
            drop(SaysGoodbye(told));
            drop(guard);
            stage.at(format!("{bridge:?}, left"));
            let said_on = goodbyes.recv().unwrap().id();
            assert_eq!(said_on, bridge.block_on(async { id() }), "the task goes on");
            assert!(Handle::try_current().is_err());
        }
    });
}

#[test]
fn only_a_task_starts_a_driver_thread() {
    within_a_minute(|_| {
        let bridge = Bridge::builder().idle_timeout(Duration::from_secs(3600)).build();
        drop(bridge.enter());
        assert_eq!(bridge.stats().driver_threads, 0);
        let guard = bridge.enter();
        drop(tokio::spawn(std::future::pending::<()>()));
        drop(guard);
        assert_eq!(bridge.stats().driver_threads, 1);
    });
}

#[test]
fn a_socket_of_the_standard_library_is_made_inside() {
    within_a_minute(|_| {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            use std::io::Write;
            listener.accept().unwrap().0.write_all(b"!").unwrap();
        });
        let client = std::net::TcpStream::connect(address).unwrap();
        client.set_nonblocking(true).unwrap();
        let _guard = enter();
        let mut client = TcpStream::from_std(client).unwrap();
        assert_eq!(client.read_u8().wait().unwrap(), b'!');
        server.join().unwrap();
    });
}

#[test]
fn calls_run_as_they_would_without_the_guard() {
    within_a_minute(|_| {
        let own = block_on(async { id() });
        let guard = enter();
        assert_eq!((id(), context()), (own, Context::Blocking));
        assert_eq!(block_on(async { id() }), own);
        let (one, other) = (enter(), Bridge::builder().build().enter());
        assert_ne!(id(), own);
        drop(other);
        drop(one);
        assert_eq!(id(), own);
        drop(guard);
        assert_eq!(context(), Context::Sync);
    });
}

#[test]
fn a_runtime_that_calls_run_on_stays_the_current_one() {
    within_a_minute(|_| {
        let runtime = multi_thread();
        let current = runtime.handle().id();
        let ids = runtime.block_on(async {
            let in_a_root = (id(), enter(), id());
            let job = || (id(), enter(), id()).2;
            let in_a_job = tokio::task::spawn_blocking(job).await.unwrap();
            let in_a_task = tokio::spawn(async { (id(), enter(), id()).2 }).await.unwrap();
            [in_a_root.0, in_a_root.2, in_a_job, in_a_task]
        });
        assert_eq!(ids, [current; 4]);

        // The current runtime may be driven by nobody, so calls run on the thread's own.
        let undriven = current_thread();
        let _theirs = undriven.enter();
        let _ours = enter();
        assert_eq!(id(), block_on(async { id() }));
        sleep(SHORT).wait();
    });
}

#[test]
fn a_future_is_made_where_it_is_waited_for() {
    within_a_minute(|_| {
        block_on_with(|| sleep(SHORT));
        for bridge in bridges() {
            bridge.block_on_with(|| sleep(SHORT));
            assert_eq!(
                bridge.block_on_with(|| std::future::ready(id())),
                bridge.block_on(async { id() })
            );
        }
    });
}

#[test]
#[should_panic(expected = "cannot wait for `smartasync::block_on_with` at tests/it/enter.rs")]
fn in_async_code_nothing_is_made() {
    within_a_minute(|_| {
        multi_thread().block_on(async {
            block_on_with(|| -> std::future::Ready<()> { unreachable!("it is refused before") });
        });
    });
}

#[test]
#[should_panic(expected = "`Bridge::enter` at tests/it/enter.rs")]
fn a_bridge_that_was_shut_down_cannot_be_entered() {
    within_a_minute(|_| {
        let bridge = Bridge::builder().build();
        bridge.shutdown(Duration::ZERO);
        let _guard = bridge.enter();
    });
}
