//! A PostgreSQL server for the tests. It ends with the process.

use std::sync::LazyLock;

use smartasync_facade_postgres::{Client, NoTls};
use smartasync_interop_servers::Postgres;

static SERVER: LazyLock<Postgres> = LazyLock::new(Postgres::start);

/// How to connect to the server.
pub(crate) fn params() -> String {
    SERVER.url()
}

pub(crate) fn connect() -> Client {
    Client::connect(&params(), NoTls).unwrap()
}
