//! The web server that the tests call. It speaks HTTP/1.1 and HTTP/2. And the bytes that both sides send.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Version;
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use bytes::Bytes;
use futures::stream::{self, StreamExt};
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// The size of most reads and writes: no divisor of any buffer.
const PIECE: usize = 9_973;

/// What the server has seen since its start.
#[derive(Debug, Default)]
struct Counts {
    numbers: AtomicU64,
    begun: AtomicU64,
    given_up: AtomicU64,
    second_half: Notify,
}

type Counted = State<Arc<Counts>>;

pub(crate) async fn serve(listener: TcpListener) {
    let app = Router::new()
        .route("/number/{number}", get(number))
        .route("/digest", post(digest))
        .route("/pattern/{count}", get(pattern))
        .route("/echo", post(async |body: Body| body))
        .route("/halves", get(halves))
        .route("/second_half", get(second_half))
        .route("/never", get(never))
        .route("/seen", get(seen))
        .with_state(Arc::<Counts>::default());
    // Otherwise an answer in two segments waits for the client's acknowledgement, up to 40 ms.
    let listener = listener.tap_io(|connection| connection.set_nodelay(true).unwrap());
    axum::serve(listener, app).await.unwrap();
}

/// Answers with the number and the version of the request.
async fn number(counts: Counted, Path(number): Path<u64>, version: Version) -> String {
    counts.numbers.fetch_add(1, Ordering::Relaxed);
    format!("{number} {version:?}")
}

async fn digest(body: Body) -> String {
    let (mut body, mut digest) = (body.into_data_stream(), Digest::default());
    while let Some(bytes) = body.next().await {
        digest.add(&bytes.unwrap());
    }
    digest.to_string()
}

async fn pattern(Path(count): Path<u64>) -> Body {
    let pieces = stream::unfold(Pattern::new(count), async |mut pattern| {
        let bytes = pattern.next_bytes(PIECE);
        (!bytes.is_empty()).then_some((io::Result::Ok(bytes), pattern))
    });
    Body::from_stream(pieces)
}

/// A body that stands still between its two halves, until somebody asks for the second.
async fn halves(State(counts): Counted) -> Body {
    let halves = stream::iter([false, true]).then(move |is_second| {
        let counts = Arc::clone(&counts);
        async move {
            if is_second {
                counts.second_half.notified().await;
            }
            io::Result::Ok("half")
        }
    });
    Body::from_stream(halves)
}

async fn second_half(State(counts): Counted) {
    counts.second_half.notify_one();
}

async fn never(State(counts): Counted) {
    let _count = CountAtDrop(&counts.given_up);
    counts.begun.fetch_add(1, Ordering::Relaxed);
    std::future::pending().await
}

async fn seen(State(counts): Counted) -> String {
    let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
    let Counts { numbers, begun, given_up, .. } = &*counts;
    format!("{} {} {}", load(numbers), load(begun), load(given_up))
}

struct CountAtDrop<'a>(&'a AtomicU64);

impl Drop for CountAtDrop<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Bytes that follow from their position. A read blocks for a moment now and then.
#[derive(Debug)]
pub(crate) struct Pattern {
    position: u64,
    end: u64,
}

impl Pattern {
    pub(crate) fn new(count: u64) -> Pattern {
        Pattern { position: 0, end: count }
    }

    pub(crate) fn next_bytes(&mut self, most: usize) -> Bytes {
        let begin = self.position;
        self.position = self.end.min(begin + most as u64);
        let byte = |position: u64| (position ^ position >> 8 ^ position >> 16) as u8;
        (begin..self.position).map(byte).collect()
    }
}

impl Read for Pattern {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let pieces = self.position / PIECE as u64;
        if pieces % 64 == 63 {
            thread::sleep(Duration::from_millis(1));
        }
        let bytes = self.next_bytes(buffer.len().min(PIECE));
        buffer[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }
}

/// The number of bytes, and a hash of them (FNV-1a).
#[derive(Debug)]
pub(crate) struct Digest {
    count: u64,
    hash: u64,
}

impl Default for Digest {
    fn default() -> Digest {
        Digest { count: 0, hash: 0xcbf2_9ce4_8422_2325 }
    }
}

impl Digest {
    pub(crate) fn of(mut reader: impl Read) -> io::Result<String> {
        let (mut digest, mut buffer) = (Digest::default(), [0; PIECE]);
        loop {
            match reader.read(&mut buffer)? {
                0 => return Ok(digest.to_string()),
                count => digest.add(&buffer[..count]),
            }
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        self.count += bytes.len() as u64;
        for byte in bytes {
            self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes, {:x}", self.count, self.hash)
    }
}
