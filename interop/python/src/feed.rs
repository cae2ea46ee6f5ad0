//! Callbacks from a task into Python.

use std::io;
use std::sync::Arc;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use smartasync::smartasync;
use tokio::sync::Mutex;
use tokio::task::{self, JoinHandle};

use crate::attach::attach;
use crate::client::Client;
use crate::gil::{bridge, wait};

/// A task that calls a Python function with each line that the server sends.
#[pyclass(frozen)]
pub(crate) struct Feed {
    task: Arc<Mutex<JoinHandle<PyResult<usize>>>>,
}

impl Feed {
    pub(crate) fn start(client: Arc<Client>, name: String, callback: Py<PyAny>) -> PyResult<Feed> {
        let task = bridge()
            .try_spawn(run(client, name, callback))
            .map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
        Ok(Feed { task: Arc::new(Mutex::new(task)) })
    }
}

#[pymethods]
impl Feed {
    /// Waits for the end of the feed. Returns the number of lines, or raises what the function has raised.
    fn join(&self, py: Python<'_>) -> PyResult<usize> {
        wait(py, ended(Arc::clone(&self.task)))
    }
}

#[smartasync]
async fn ended(task: Arc<Mutex<JoinHandle<PyResult<usize>>>>) -> PyResult<usize> {
    (&mut *task.lock().await).await.map_err(io::Error::from)?
}

async fn run(client: Arc<Client>, name: String, callback: Py<PyAny>) -> PyResult<usize> {
    let mut connection = client.open(&format!("FEED {name}")).await?;
    let mut callback = Arc::new(callback);
    let mut lines = 0;
    while let Some(line) = connection.receive().await? {
        // A function may wait for the GIL or make calls, which the thread that serves all connections must not.
        let job = move || {
            attach(|py| callback.call1(py, (line,)).map(drop)).transpose()?;
            PyResult::Ok(callback)
        };
        callback = task::spawn_blocking(job).await.map_err(io::Error::from)??;
        lines += 1;
    }
    Ok(lines)
}
