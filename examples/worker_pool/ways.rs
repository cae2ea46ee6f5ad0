//! The ways to write one function for all callers.

#[path = "../../benches/naive/mod.rs"]
mod naive;

use std::future::Future;
use std::sync::{Arc, LazyLock};

use clap::ValueEnum;
use smartasync::{Bridge, Nested, smartasync};
use tokio::runtime::{Handle, Runtime};

/// How the function is written.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(crate) enum Way {
    /// `#[smartasync]`.
    Smartasync,
    /// `#[smartasync]` through a bridge that may block async code, for sync code within it.
    SmartasyncPark,
    /// `reqwest::blocking`.
    ReqwestBlocking,
    /// A `static` runtime and its `block_on`.
    StaticRuntime,
    /// `Handle::current().block_on`.
    CurrentHandle,
    /// A new runtime for each call.
    RuntimePerCall,
    /// `pollster::block_on`; that of `futures` does the same.
    Pollster,
    /// What the Python decorator does: it remembers for each function that it was once called in async code.
    Naive,
}

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

static PARKING: LazyLock<Bridge> =
    LazyLock::new(|| Bridge::builder().shared_threads(1).nested(Nested::Park).build());

/// An answer, or nothing where a caller gets no answer but something else.
type Answer = Option<String>;

/// The client that all callers of a kind use.
#[derive(Clone)]
pub(crate) struct Client {
    way: Way,
    url: Arc<str>,
    http: reqwest::Client,
    blocking: Option<reqwest::blocking::Client>,
}

#[smartasync]
impl Client {
    async fn get(&self, number: usize) -> Answer {
        let request = self.http.get(format!("{}/square/{number}", self.url));
        request.send().await.ok()?.text().await.ok()
    }
}

impl Way {
    pub(crate) fn is_ours(self) -> bool {
        matches!(self, Way::Smartasync | Way::SmartasyncPark)
    }
}

impl Client {
    pub(crate) fn new(way: Way, url: &str) -> Client {
        let blocking = (way == Way::ReqwestBlocking).then(reqwest::blocking::Client::new);
        Client { way, url: url.into(), http: reqwest::Client::new(), blocking }
    }

    /// The function, for sync code.
    pub(crate) fn call(&self, number: usize) -> Answer {
        let future = || self.get(number).into_inner();
        match self.way {
            Way::Smartasync => self.get(number).wait(),
            Way::SmartasyncPark => self.get(number).on(&PARKING).wait(),
            Way::ReqwestBlocking => {
                let client = self.blocking.as_ref().expect("this way has a blocking client");
                client.get(format!("{}/square/{number}", self.url)).send().ok()?.text().ok()
            }
            Way::StaticRuntime => RUNTIME.block_on(future()),
            Way::CurrentHandle => Handle::current().block_on(future()),
            Way::RuntimePerCall => Runtime::new().expect("a runtime").block_on(future()),
            Way::Pollster => pollster::block_on(future()),
            Way::Naive => self.naive(number).value().flatten(),
        }
    }

    /// The function, for async code. All but two ways have only the one for sync code.
    pub(crate) async fn call_in_async_code(&self, number: usize) -> Answer {
        match self.way {
            Way::Smartasync | Way::SmartasyncPark => self.get(number).await,
            Way::Naive => match self.naive(number).coroutine() {
                Some(coroutine) => coroutine.await,
                None => None,
            },
            _ => self.call(number),
        }
    }

    /// Sync code that waits for async code, which calls sync code, which calls the function.
    pub(crate) fn call_nested(&self, number: usize) -> Answer {
        let inner = async { self.call(number) };
        match self.way {
            Way::Smartasync | Way::SmartasyncPark => smartasync::block_on(inner),
            Way::Pollster => pollster::block_on(inner),
            Way::CurrentHandle => Handle::current().block_on(inner),
            _ => RUNTIME.block_on(inner),
        }
    }

    fn naive(&self, number: usize) -> naive::Answer<impl Future<Output = Answer>> {
        static METHOD: naive::Method = naive::Method::new();
        METHOD.call(self.get(number).into_inner())
    }
}
