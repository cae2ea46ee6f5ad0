//! The service that the tests call: its messages, and its server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming, async_trait};

use generated::items_server::{Items, ItemsServer};

pub(crate) use generated::items_client::ItemsClient;

#[allow(unreachable_pub, reason = "it is generated for a module that others can see")]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/smartasync.Items.rs"));
}

const PAYLOAD: usize = 1024;

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Item {
    #[prost(uint64, tag = "1")]
    pub(crate) number: u64,
    #[prost(bytes = "bytes", tag = "2")]
    pub(crate) payload: Bytes,
}

impl Item {
    /// Makes the item with this number, whose payload follows from it.
    pub(crate) fn new(number: u64) -> Item {
        Item { number, payload: vec![number as u8; PAYLOAD].into() }
    }
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(crate) struct Range {
    #[prost(uint64, tag = "1")]
    pub(crate) first: u64,
    #[prost(uint64, tag = "2")]
    pub(crate) count: u64,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(crate) struct Total {
    #[prost(uint64, tag = "1")]
    pub(crate) count: u64,
    #[prost(uint64, tag = "2")]
    pub(crate) sum: u64,
}

/// What a server has seen since its start.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(crate) struct Seen {
    /// The items that it was sent.
    #[prost(uint64, tag = "1")]
    pub(crate) items: u64,
    /// The calls of `never` that have begun.
    #[prost(uint64, tag = "2")]
    pub(crate) begun: u64,
    /// Those of them that the client gave up.
    #[prost(uint64, tag = "3")]
    pub(crate) given_up: u64,
}

#[derive(Debug, Default)]
struct Counts {
    items: AtomicU64,
    begun: AtomicU64,
    given_up: AtomicU64,
}

#[derive(Debug, Default)]
struct Service(Arc<Counts>);

#[async_trait]
impl Items for Service {
    type ListStream = BoxStream<'static, Result<Item, Status>>;
    type ChatStream = BoxStream<'static, Result<Item, Status>>;

    async fn echo(&self, item: Request<Item>) -> Result<Response<Item>, Status> {
        self.0.items.fetch_add(1, Ordering::Relaxed);
        Ok(Response::new(item.into_inner()))
    }

    async fn list(&self, range: Request<Range>) -> Result<Response<Self::ListStream>, Status> {
        let Range { first, count } = range.into_inner();
        let items = (first..first + count).map(|number| Ok(Item::new(number)));
        Ok(Response::new(stream::iter(items).boxed()))
    }

    async fn add(&self, items: Request<Streaming<Item>>) -> Result<Response<Total>, Status> {
        let (mut items, mut total) = (items.into_inner(), Total::default());
        while let Some(item) = items.message().await? {
            self.0.items.fetch_add(1, Ordering::Relaxed);
            total.count += 1;
            total.sum += item.number;
        }
        Ok(Response::new(total))
    }

    async fn chat(
        &self,
        items: Request<Streaming<Item>>,
    ) -> Result<Response<Self::ChatStream>, Status> {
        let counts = Arc::clone(&self.0);
        let items = items.into_inner().inspect_ok(move |_| {
            counts.items.fetch_add(1, Ordering::Relaxed);
        });
        Ok(Response::new(items.boxed()))
    }

    async fn never(&self, _: Request<Item>) -> Result<Response<Item>, Status> {
        let _count = CountAtDrop(&self.0.given_up);
        self.0.begun.fetch_add(1, Ordering::Relaxed);
        std::future::pending().await
    }

    async fn seen(&self, _: Request<Range>) -> Result<Response<Seen>, Status> {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let Counts { items, begun, given_up } = &*self.0;
        let (items, begun, given_up) = (load(items), load(begun), load(given_up));
        Ok(Response::new(Seen { items, begun, given_up }))
    }
}

struct CountAtDrop<'a>(&'a AtomicU64);

impl Drop for CountAtDrop<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

pub(crate) async fn serve(listener: TcpListener) {
    let service = ItemsServer::new(Service::default());
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    Server::builder().add_service(service).serve_with_incoming(incoming).await.unwrap();
}
