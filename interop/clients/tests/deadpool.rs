//! tokio-postgres with deadpool's pool in a static.

use std::sync::LazyLock;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime};
use futures::TryStreamExt;
use smartasync::{Bridge, block_on, iter, smartasync};
use smartasync_interop_clients::{Postgres, Way, bridges, everywhere, recovery};
use tokio_postgres::{Error, NoTls};

/// How many callers `everywhere` has.
const CALLERS: u64 = 8;
const CALLS: u64 = 200;

static SERVER: LazyLock<Postgres> = LazyLock::new(Postgres::start);

static POOL: LazyLock<Pool> = LazyLock::new(|| pool(&SERVER.url()));

/// Makes a pool, which connects when it is asked for a connection: the connection's task is then on the runtime of whoever
/// asks first.
fn pool(url: &str) -> Pool {
    let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(url.parse().unwrap(), NoTls, config);
    let limit = Duration::from_secs(30);
    Pool::builder(manager)
        .max_size(8)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(limit))
        .create_timeout(Some(limit))
        .build()
        .unwrap()
}

#[smartasync]
async fn run(statements: &str) -> Result<(), PoolError> {
    Ok(POOL.get().await?.batch_execute(statements).await?)
}

#[smartasync]
async fn rows(table: &str) -> Result<i64, PoolError> {
    let query = format!("SELECT COUNT(*) FROM {table}");
    Ok(POOL.get().await?.query_one(&query, &[]).await?.get(0))
}

/// Adds a row and reads it back. The statements are prepared once a connection.
#[smartasync]
async fn add(number: i64) -> Result<u64, PoolError> {
    let client = POOL.get().await?;
    let insert = client.prepare_cached("INSERT INTO everywhere (number) VALUES ($1)").await?;
    let added = client.execute(&insert, &[&number]).await?;
    let select = client.prepare_cached("SELECT number FROM everywhere WHERE number = $1").await?;
    let read: i64 = client.query_one(&select, &[&number]).await?.get(0);
    assert_eq!(read, number);
    Ok(added)
}

#[test]
fn a_pool_in_a_static_is_used_by_all_kinds_of_callers() {
    for (name, bridge) in bridges() {
        let table =
            "DROP TABLE IF EXISTS everywhere; CREATE TABLE everywhere (number BIGINT PRIMARY KEY)";
        run(table).wait().unwrap();
        let added = everywhere(&bridge, CALLS, |number| add(number as i64));
        let rows = rows("everywhere").wait().unwrap();
        println!("deadpool, {name}: {added} rows added, {rows} rows there");
        assert_eq!((added, rows), (CALLERS * CALLS, (CALLERS * CALLS) as i64));
    }
}

/// Adds two rows in a transaction. One transaction of two is dropped between them.
#[smartasync]
async fn add_two_or_none(number: i64) -> Result<u64, PoolError> {
    let mut client = POOL.get().await?;
    let transaction = client.transaction().await?;
    transaction.execute("INSERT INTO half (number) VALUES ($1)", &[&(2 * number)]).await?;
    if number % 2 == 1 {
        return Ok(0);
    }
    transaction.execute("INSERT INTO half (number) VALUES ($1)", &[&(2 * number + 1)]).await?;
    transaction.commit().await?;
    Ok(2)
}

#[test]
fn a_transaction_that_is_dropped_half_way_leaves_nothing() {
    for (name, bridge) in bridges() {
        run("DROP TABLE IF EXISTS half; CREATE TABLE half (number BIGINT PRIMARY KEY)")
            .wait()
            .unwrap();
        let kept = everywhere(&bridge, CALLS, |number| add_two_or_none(number as i64));
        let rows = rows("half").wait().unwrap();
        println!("deadpool, transactions, {name}: {kept} rows kept, {rows} rows there");
        assert_eq!((kept, rows), (CALLERS * CALLS, (CALLERS * CALLS) as i64));
    }
}

#[test]
fn rows_are_an_iterator() {
    let rows = block_on(async {
        let client = POOL.get().await.unwrap();
        let query = "SELECT generate_series(1, 20000)::BIGINT";
        client.query_raw(query, Vec::<i64>::new()).await.unwrap()
    });
    let numbers = iter(rows.map_ok(|row| row.get::<_, i64>(0)));
    let sum: i64 = numbers.map(Result::<i64, Error>::unwrap).sum();
    println!("deadpool, rows as a stream: their sum is {sum}");
    assert_eq!(sum, 20_000 * 20_001 / 2);
}

#[smartasync]
async fn answer(pool: Pool) -> Result<i32, PoolError> {
    Ok(pool.get().await?.query_one("SELECT 42", &[]).await?.get(0))
}

/// Returns a way that waits through `bridge`, with a pool of its own.
fn way(name: &'static str, bridge: Bridge, url: &str) -> Way {
    let pool = pool(url);
    let call = move || matches!(answer(pool.clone()).on(&bridge).wait(), Ok(42));
    (name, Box::new(call))
}

#[test]
fn callers_recover_as_on_plain_tokio() {
    let server = Postgres::start();
    let (runtime, pool) = (tokio::runtime::Runtime::new().unwrap(), pool(&server.url()));
    let plain = move || matches!(runtime.block_on(answer(pool.clone()).into_inner()), Ok(42));
    let mut ways: Vec<Way> = vec![("plain Tokio", Box::new(plain))];
    ways.extend(bridges().map(|(name, bridge)| way(name, bridge, &server.url())));
    recovery("deadpool", ways, || server.kill(), || server.start_again());
}
