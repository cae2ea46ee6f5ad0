//! The client for sync code.

use std::sync::Arc;

use pyo3::prelude::*;

use crate::client;
use crate::feed::Feed;
use crate::gil::wait;

/// A client whose methods wait for the answer.
#[pyclass(frozen)]
pub(crate) struct Client(Arc<client::Client>);

#[pymethods]
impl Client {
    #[new]
    fn new(address: String) -> Client {
        Client(Arc::new(client::Client::new(address)))
    }

    fn version(&self, py: Python<'_>) -> PyResult<String> {
        wait(py, self.0.version())
    }

    fn get(&self, py: Python<'_>, key: &str) -> PyResult<Option<String>> {
        wait(py, self.0.get(key))
    }

    fn set(&self, py: Python<'_>, key: &str, value: &str) -> PyResult<()> {
        wait(py, self.0.set(key, value))
    }

    fn sleep(&self, py: Python<'_>, seconds: f64) -> PyResult<()> {
        wait(py, self.0.sleep(seconds))
    }

    fn turn(&self, py: Python<'_>) -> PyResult<()> {
        wait(py, self.0.turn())
    }

    /// Calls `callback` with each line of a feed, on another thread.
    fn feed(&self, name: String, callback: Py<PyAny>) -> PyResult<Feed> {
        Feed::start(Arc::clone(&self.0), name, callback)
    }
}
