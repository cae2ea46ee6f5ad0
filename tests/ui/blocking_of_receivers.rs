use std::pin::Pin;
use std::sync::Arc;

use smartasync::smartasync;

#[derive(Clone)]
struct Client;

#[smartasync(blocking)]
impl Client {
    pub async fn shared(self: Arc<Self>) -> u32 {
        42
    }

    pub async fn pinned(self: Pin<&mut Self>) -> u32 {
        42
    }

    pub fn boxed(self: Box<Self>) -> u32 {
        42
    }

    pub async fn right(&self) -> u32 {
        42
    }

    // The twin has no such method.
    async fn private(self: Arc<Self>) -> u32 {
        42
    }
}

fn main() {
    // No second error is shown for those that are wrong.
    Arc::new(BlockingClient::from(Client)).shared();
    BlockingClient::from(Client).right();
    Arc::new(Client).private().wait();
}
