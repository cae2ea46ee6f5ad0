#![no_implicit_prelude]
#![deny(warnings)]
#![allow(dead_code)]

// Paths in generated code must not go through these.
mod core {}
mod std {}
mod smartasync {}

struct Box;
struct Call;
struct Pin;
trait AsRef {}
trait Clone {}
trait From {}
trait Future {}
trait Send {}
trait Sync {}

#[::smartasync::smartasync]
async fn add(one: u32, _unused: u32) -> u32 {
    one + 1
}

#[::smartasync::smartasync]
async fn never(_unused: u32) -> ! {
    loop {
        ::tokio::task::yield_now().await;
    }
}

#[::smartasync::smartasync(boxed, on = ::smartasync::Bridge::per_thread())]
async fn count(left: u32) -> u32 {
    if left == 0 { 0 } else { 1 + count(left - 1).await }
}

#[derive(::std::clone::Clone)]
struct Client;

#[::smartasync::smartasync]
trait Add {
    async fn add(&self, one: &u32) -> u32 {
        one + 1
    }

    #[::smartasync::smartasync(boxed)]
    async fn add_boxed(&self, one: &u32) -> u32 {
        one + 1
    }
}

#[::smartasync::smartasync]
impl Add for Client {
    async fn add(&self, one: &u32) -> u32 {
        one + 2
    }
}

#[::smartasync::smartasync(
    blocking,
    derive(::std::clone::Clone),
    on = ::smartasync::Bridge::shared()
)]
impl Client {
    pub(crate) async fn all() -> (::std::vec::Vec<Self>, ::std::boxed::Box<Self>) {
        (::std::vec::Vec::new(), ::std::boxed::Box::new(Client))
    }

    pub(crate) async fn open(answer: bool) -> ::std::result::Result<Self, u32> {
        if answer { ::std::result::Result::Ok(Client) } else { ::std::result::Result::Err(1) }
    }

    pub(crate) async fn find() -> ::std::option::Option<Self> {
        ::std::option::Option::Some(Client)
    }

    #[::smartasync::smartasync(offload)]
    pub(crate) fn one(self) -> u32 {
        1
    }
}

fn main() {
    ::std::assert_eq!(add(1, 2).wait(), 2);
    ::std::assert_eq!(never(1).name(), "never");
    ::std::assert_eq!(count(3).wait(), 3);
    ::std::assert_eq!(Client.add(&1).wait(), 3);
    ::std::assert_eq!(Client.add_boxed(&1).wait(), 2);
    ::std::assert_eq!(
        BlockingClient::open(true).map(BlockingClient::one),
        ::std::result::Result::Ok(1)
    );
    ::std::assert_eq!(BlockingClient::all().0.len(), 0);
    ::std::assert_eq!(
        BlockingClient::find().map(BlockingClient::one),
        ::std::option::Option::Some(1)
    );
}
