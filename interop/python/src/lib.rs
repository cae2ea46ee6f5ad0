//! A Python module made of one decorated client: `Client` waits, `AsyncClient` returns what asyncio awaits.

mod asyncio;
mod attach;
mod client;
mod connection;
mod feed;
mod gil;
mod pool;
mod sync;

use pyo3::prelude::*;

/// A client of a line protocol, for sync code and for asyncio.
// No free-threaded Python has run the tests, so none is promised that it can keep its GIL off.
#[pymodule(gil_used = true)]
mod lines {
    #[pymodule_export]
    use super::asyncio::AsyncClient;
    #[pymodule_export]
    use super::feed::Feed;
    #[pymodule_export]
    use super::gil::parks;
    #[pymodule_export]
    use super::sync::Client;

    use super::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        // Made while the import holds its lock: a fork during the first use would copy a lock that is held.
        gil::bridge();
        attach::watch(module.py(), module)
    }
}
