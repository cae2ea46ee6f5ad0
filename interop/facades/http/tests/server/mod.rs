//! The server of the tests. It runs on a thread and a runtime of its own, which end with the process.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::LazyLock;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Multipart, Path, RawQuery};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{any, get, post};
use axum::{Router, http};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, Method, StatusCode, Version};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::time::sleep;
use tokio_util::io::ReaderStream;

use crate::support::current_thread;

static ADDRESS: LazyLock<SocketAddr> = LazyLock::new(|| {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        current_thread().block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            sender.send(listener.local_addr().unwrap()).unwrap();
            axum::serve(listener, app()).await.unwrap();
        });
    });
    receiver.recv().unwrap()
});

pub(crate) fn address() -> SocketAddr {
    *ADDRESS
}

pub(crate) fn url(path: &str) -> String {
    format!("http://{}{path}", address())
}

fn app() -> Router {
    let typed = |kind: &'static str| [(CONTENT_TYPE, kind)];
    Router::new()
        .route("/text", get(async || "hello"))
        .route(
            "/latin",
            get(move || async move {
                (typed("text/plain; charset=iso-8859-1"), Bytes::from_static(b"caf\xe9"))
            }),
        )
        .route("/bytes", get(async || Bytes::from_static(b"caf\xe9")))
        .route("/json", get(async || Json(json!({ "text": "a message", "number": 7 }))))
        .route("/method", any(async |method: Method| method.to_string()))
        .route("/echo", post(echo))
        .route("/length", post(length))
        .route("/parts", post(parts))
        .route("/seen", get(seen))
        .route("/status/{status}", get(status))
        .route("/redirect/{times}", get(redirect))
        .route("/pieces", get(async || pieces(Duration::from_millis(1))))
        .route("/late", get(async || sleep(Duration::from_secs(20)).await))
        .route("/late_body", get(async || pieces(Duration::from_secs(20))))
        .route("/never", get(async || std::future::pending::<()>().await))
}

async fn echo(headers: HeaderMap, body: Bytes) -> impl IntoResponse {
    let mut answer = HeaderMap::new();
    for (name, value) in [("x-kind", CONTENT_TYPE), ("x-length", CONTENT_LENGTH)] {
        if let Some(value) = headers.get(value) {
            answer.insert(name, value.clone());
        }
    }
    (answer, body)
}

async fn length(body: Body) -> String {
    axum::body::to_bytes(body, usize::MAX).await.unwrap().len().to_string()
}

async fn parts(mut parts: Multipart) -> Json<BTreeMap<String, String>> {
    let mut texts = BTreeMap::new();
    while let Some(part) = parts.next_field().await.unwrap() {
        let name = part.name().unwrap().to_owned();
        let name = part.file_name().map_or(name.clone(), |file| format!("{name} {file}"));
        texts.insert(name, part.text().await.unwrap());
    }
    Json(texts)
}

/// Says what it has seen of the request.
async fn seen(
    version: Version,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Json<BTreeMap<String, String>> {
    let mut seen = BTreeMap::from([("version".to_owned(), format!("{version:?}"))]);
    seen.insert("query".to_owned(), query.unwrap_or_default());
    for name in headers.keys() {
        let values = headers.get_all(name).iter().map(|value| value.to_str().unwrap());
        seen.insert(name.to_string(), values.collect::<Vec<_>>().join(", "));
    }
    Json(seen)
}

async fn status(Path(status): Path<u16>) -> StatusCode {
    StatusCode::from_u16(status).unwrap()
}

async fn redirect(Path(times): Path<u32>) -> Response {
    let next = match times {
        1 => "/text".to_owned(),
        times => format!("/redirect/{}", times - 1),
    };
    (StatusCode::FOUND, Redirect::to(&next)).into_response()
}

/// A body in four pieces, with a pause between them.
fn pieces(pause: Duration) -> Body {
    let (reader, mut writer) = tokio::io::duplex(64);
    tokio::spawn(async move {
        for number in 0..4 {
            let piece = format!("piece {number}");
            if tokio::io::AsyncWriteExt::write_all(&mut writer, piece.as_bytes()).await.is_err() {
                return;
            }
            sleep(pause).await;
        }
    });
    Body::from_stream(ReaderStream::new(reader))
}
