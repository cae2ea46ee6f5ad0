//! The client for asyncio.

use std::io;
use std::sync::Arc;

use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use tokio::task::AbortHandle;

use crate::attach::attach;
use crate::client;
use crate::gil::bridge;

/// A client whose methods return futures of the running event loop.
#[pyclass(frozen)]
pub(crate) struct AsyncClient(Arc<client::Client>);

#[pymethods]
impl AsyncClient {
    #[new]
    fn new(address: String) -> AsyncClient {
        AsyncClient(Arc::new(client::Client::new(address)))
    }

    fn version<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let client = Arc::clone(&self.0);
        future(py, async move { client.version().await })
    }

    fn get<'py>(&self, py: Python<'py>, key: String) -> PyResult<Bound<'py, PyAny>> {
        let client = Arc::clone(&self.0);
        future(py, async move { client.get(&key).await })
    }

    fn set<'py>(&self, py: Python<'py>, key: String, value: String) -> PyResult<Bound<'py, PyAny>> {
        let client = Arc::clone(&self.0);
        future(py, async move { client.set(&key, &value).await.map(none) })
    }

    fn sleep<'py>(&self, py: Python<'py>, seconds: f64) -> PyResult<Bound<'py, PyAny>> {
        let client = Arc::clone(&self.0);
        future(py, async move { client.sleep(seconds).await.map(none) })
    }

    fn turn<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let client = Arc::clone(&self.0);
        future(py, async move { client.turn().await.map(none) })
    }
}

/// What a method without a value returns: `()` would be an empty tuple.
fn none((): ()) -> Option<()> {
    None
}

/// Runs `work` as a task of the bridge. To cancel the future drops the task.
fn future<T>(
    py: Python<'_>,
    work: impl Future<Output = io::Result<T>> + Send + 'static,
) -> PyResult<Bound<'_, PyAny>>
where
    T: for<'a> IntoPyObject<'a> + Send + 'static,
{
    static RUNNING_LOOP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let event_loop = RUNNING_LOOP.import(py, "asyncio", "get_running_loop")?.call0()?;
    let future = event_loop.call_method0("create_future")?;
    let (to_loop, to_future) = (event_loop.unbind(), future.clone().unbind());
    let task = bridge().try_spawn(async move {
        let result = work.await;
        // The interpreter may have ended, and so may the loop, for which nobody waits then.
        attach(|py| send(py, &to_loop, to_future, result));
    });
    let task = task.map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
    future.call_method1("add_done_callback", (Abort(task.abort_handle()),))?;
    Ok(future)
}

/// Has the thread of the event loop complete the future.
fn send<T>(
    py: Python<'_>,
    event_loop: &Py<PyAny>,
    future: Py<PyAny>,
    result: io::Result<T>,
) -> PyResult<Py<PyAny>>
where
    T: for<'a> IntoPyObject<'a>,
{
    let settle = match result.map_err(PyErr::from).and_then(|value| value.into_py_any(py)) {
        Ok(value) => Settle { future, method: "set_result", value },
        Err(error) => {
            Settle { future, method: "set_exception", value: error.into_value(py).into_any() }
        }
    };
    event_loop.call_method1(py, "call_soon_threadsafe", (settle,))
}

/// Completes a future, unless it was cancelled in the meantime.
#[pyclass(frozen)]
struct Settle {
    future: Py<PyAny>,
    method: &'static str,
    value: Py<PyAny>,
}

#[pymethods]
impl Settle {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        let future = self.future.bind(py);
        if !future.call_method0("done")?.is_truthy()? {
            future.call_method1(self.method, (&self.value,))?;
        }
        Ok(())
    }
}

/// Ends the task of a future that is done, which has an effect if it was cancelled.
#[pyclass(frozen)]
struct Abort(AbortHandle);

#[pymethods]
impl Abort {
    fn __call__(&self, _future: &Bound<'_, PyAny>) {
        self.0.abort();
    }
}
