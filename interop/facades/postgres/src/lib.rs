//! What the `postgres` crate offers, made of twins of tokio-postgres's types.
//!
//! # Examples
//!
//! ```no_run
//! use smartasync_facade_postgres::{Client, NoTls};
//!
//! let mut client = Client::connect("host=localhost user=postgres", NoTls)?;
//! for row in client.query("SELECT name FROM person WHERE age > $1", &[&30_i32])? {
//!     println!("{}", row.get::<_, &str>(0));
//! }
//! # Ok::<(), smartasync_facade_postgres::Error>(())
//! ```

mod cancel;
mod client;
mod config;
mod copy;
mod notifications;
mod queries;
mod transaction;

pub use cancel::CancelToken;
pub use client::Client;
pub use config::Config;
pub use copy::{BinaryCopyIn, CopyIn};
pub use notifications::Notifications;
pub use queries::Queries;
pub use tokio_postgres::{
    Column, Error, IsolationLevel, NoTls, Notification, Portal, Row, RowStream, SimpleQueryMessage,
    Statement, ToStatement, error, types,
};
pub use transaction::{Transaction, TransactionBuilder};

type Result<T> = std::result::Result<T, Error>;

/// The parameters of a query.
pub type Params<'a> = &'a [&'a (dyn types::ToSql + Sync)];

/// The parameters of a query, with their types.
pub type TypedParams<'a> = &'a [(&'a (dyn types::ToSql + Sync), types::Type)];
