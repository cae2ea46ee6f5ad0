//! Whole `impl` blocks.

use std::fmt::Display;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use smartasync::smartasync;

use crate::support;

#[derive(Debug)]
struct Client {
    sent: u32,
}

#[smartasync]
impl Client {
    const LIMIT: u32 = { 3 };

    const fn new() -> Self {
        Self { sent: 0 }
    }

    fn sent(&self) -> u32 {
        self.sent
    }

    async fn connect(sent: u32) -> Self {
        Client { sent: sent + Self::new().sent }
    }

    /// Counts the bytes as sent, or returns their length if the limit is reached.
    async fn send(&mut self, bytes: &[u8]) -> Result<&mut Self, usize> {
        tokio::task::yield_now().await;
        if self.sent() >= Self::LIMIT {
            return Err(bytes.len());
        }
        self.sent += 1;
        Ok(self)
    }

    pub(crate) async fn shared(self: Arc<Self>) -> u32 {
        self.sent
    }

    async fn pinned(self: Pin<&mut Self>) -> u32 {
        self.sent
    }

    async fn close(mut self: Box<Self>) -> u32 {
        self.sent += 10;
        self.sent
    }
}

#[test]
fn each_async_fn_of_a_block_is_decorated_and_the_rest_is_left() {
    let mut client = Client::connect(1).wait();
    assert_eq!(client.send(b"a").wait().unwrap().sent(), 2);
    assert_eq!(client.send(b"ab").name(), "send");
    assert_eq!(client.send(b"ab").wait().unwrap().send(b"abc").wait().unwrap_err(), 3);
    assert_eq!(Pin::new(&mut client).pinned().wait(), 3);
    assert_eq!(Box::new(client).close().wait(), 13);
    assert_eq!(Arc::new(Client::new()).shared().wait(), 0);
}

#[test]
fn the_methods_of_a_block_await() {
    support::multi_thread().block_on(async {
        let mut client = Client::connect(1).await;
        assert_eq!(client.send(b"a").await.unwrap().sent(), 2);
    });
}

#[derive(Debug)]
struct Typed<'a, T, const N: usize> {
    prefix: &'a str,
    kind: PhantomData<T>,
}

#[smartasync]
impl<'a, T: Display, const N: usize> Typed<'a, T, N> {
    async fn show(&self, item: T) -> String {
        format!("{}{item}{N}", self.prefix)
    }

    async fn prefix(self) -> &'a str {
        self.prefix
    }

    async fn both<U>(&self, item: T, other: U) -> (T, U) {
        (item, other)
    }
}

#[test]
fn a_generic_block() {
    let typed = Typed::<_, 2> { prefix: "number ", kind: PhantomData };
    assert_eq!(typed.show(1).wait(), "number 12");
    assert_eq!(typed.both(1, "a").wait(), (1, "a"));
    assert_eq!(typed.prefix().wait(), "number ");
}

#[derive(Debug)]
struct Mixed;

#[smartasync]
impl Mixed {
    #![allow(clippy::needless_pass_by_value)]

    #[smartasync(boxed)]
    async fn depth(&self, left: u32) -> u32 {
        if left == 0 { 0 } else { self.depth(left - 1).await + 1 }
    }

    #[cfg(any())]
    async fn absent(&self, unknown: Unknown) -> u32 {
        0
    }

    #[cfg(not(any()))]
    async fn absent(&self, owned: String) -> u32 {
        #![allow(clippy::len_zero)]
        u32::from(owned.len() > 0)
    }
}

#[test]
fn a_method_adds_to_the_options_of_its_block() {
    assert_eq!(Mixed.depth(3).wait(), 3);
    assert_eq!(Mixed.absent("a".into()).wait(), 1);
}
