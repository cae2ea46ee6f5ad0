//! Which bridge suits a pool that many threads share: queries a second and CPU time a query of each, beside a multi-thread
//! runtime of Tokio's and its `block_on`, in turns.
//!
//! Run with `cargo bench -p smartasync-interop-clients --bench pool`.

#[path = "../../facades/workers.rs"]
mod workers;

use std::sync::{Arc, LazyLock};

use smartasync::{Bridge, smartasync};
use smartasync_interop_clients::Postgres;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::runtime::Runtime;

static SERVER: LazyLock<Postgres> = LazyLock::new(Postgres::start);

#[smartasync]
async fn add_one(pool: &PgPool, number: i32) -> i32 {
    sqlx::query_scalar("SELECT $1 + 1").bind(number).fetch_one(pool).await.unwrap()
}

fn options() -> PgPoolOptions {
    PgPoolOptions::new().max_connections(8).idle_timeout(None).max_lifetime(None)
}

fn main() {
    let bridges = [
        ("per thread", Bridge::per_thread()),
        ("private", Bridge::builder().build()),
        ("shared", Bridge::shared()),
        ("two shared threads", Bridge::builder().shared_threads(2).build()),
    ];
    for (name, bridge) in bridges {
        workers::compare(name, 4_000, || {
            let pool = bridge.block_on(options().connect(&SERVER.url())).unwrap();
            let ours = move || {
                let (pool, bridge) = (pool.clone(), bridge.clone());
                move || assert_eq!(add_one(&pool, 1).on(&bridge).wait(), 2)
            };
            let runtime = Arc::new(Runtime::new().unwrap());
            let pool = runtime.block_on(options().connect(&SERVER.url())).unwrap();
            let theirs = move || {
                let (pool, runtime) = (pool.clone(), Arc::clone(&runtime));
                move || assert_eq!(runtime.block_on(add_one(&pool, 1).into_inner()), 2)
            };
            (ours, theirs, ())
        });
    }
}
