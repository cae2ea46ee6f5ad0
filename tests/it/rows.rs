//! The rows of the context table: each runs a piece of sync code in its context.

use std::thread;

use smartasync::{Context, block_on, context, smartasync};
use tokio::runtime::{Builder, Runtime};
use tokio::task::{self, LocalSet, yield_now};

use crate::support::{Stage, current_thread, multi_thread};

/// Runs `row` wherever sync code may block.
pub(crate) fn where_it_may_block(stage: &Stage, row: fn()) {
    stage.at("plain thread");
    assert_eq!(context(), Context::Sync);
    thread::spawn(row).join().unwrap();
    for runtime in [current_thread(), multi_thread()] {
        stage.at(format!("spawn_blocking of {runtime:?}"));
        runtime.block_on(async { task::spawn_blocking(row).await }).unwrap();
    }
    stage.at("block_in_place in a task");
    let runtime = multi_thread();
    runtime.block_on(runtime.spawn(async move { task::block_in_place(row) })).unwrap();
    stage.at("block_in_place in the root future");
    runtime.block_on(async { task::block_in_place(row) });
    for runtime in [current_thread(), multi_thread()] {
        stage.at(format!("enter() of {runtime:?}"));
        let _guard = runtime.enter();
        row();
    }
    stage.at("spawn_blocking in a call that is being waited for");
    block_on(async { task::spawn_blocking(row).await }).unwrap();
    stage.at("a future that an executor without Tokio polls");
    futures_lite::future::block_on(async { row() });
}

/// Runs `row` wherever sync code must not block.
pub(crate) fn where_it_must_not(stage: &Stage, row: fn()) {
    for runtime in [current_thread(), multi_thread()] {
        stage.at(format!("root future and task of {runtime:?}"));
        runtime.block_on(twice_and_in_a_task(row));
        runtime.block_on(async { task::spawn(twice(row)).await.unwrap() });
        stage.at(format!("LocalSet on {runtime:?}"));
        LocalSet::new().block_on(&runtime, twice_and_in_a_local_task(row));
    }
    stage.at("root future of the handle of a multi-thread runtime");
    let runtime: Runtime = multi_thread();
    runtime.handle().block_on(twice(row));
    stage.at("LocalRuntime");
    let runtime = Builder::new_current_thread().enable_all().build_local(Default::default());
    runtime.unwrap().block_on(twice_and_in_a_local_task(row));
    stage.at("a call that is being waited for");
    block_on(twice_and_in_a_task(row));
    let runtime = multi_thread();
    runtime.block_on(async { task::spawn_blocking(move || block_on(twice(row))).await }).unwrap();
    stage.at("a call that an executor without Tokio polls");
    futures_lite::future::block_on(call(row).into_future());
}

#[smartasync]
async fn call(row: fn()) {
    row();
}

/// Runs `row` in the first poll and in a later one.
async fn twice(row: fn()) {
    row();
    yield_now().await;
    row();
}

async fn twice_and_in_a_task(row: fn()) {
    twice(row).await;
    task::spawn(twice(row)).await.unwrap();
}

async fn twice_and_in_a_local_task(row: fn()) {
    twice(row).await;
    task::spawn_local(twice(row)).await.unwrap();
}
