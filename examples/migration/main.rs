//! A program before, during and after its move from blocking to async requests. All three print the same.
//!
//! Run with: `cargo run --example migration`
//!
//! Compare `before.rs` with `during.rs`, and that with `after.rs`.

mod after;
mod before;
mod during;

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use smartasync::block_on;
use tokio::net::TcpListener;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    let server = format!("http://{}", block_on(serve())?);

    let before = before::bill(&server)?;
    println!("{before}");

    let during = during::bill(&server)?;
    assert_eq!(before, during);

    let after = after::bill(&server).wait()?;
    assert_eq!(before, after);
    // Only now async code can have it too.
    let runtime = tokio::runtime::Runtime::new()?;
    assert_eq!(before, runtime.block_on(async { after::bill(&server).await })?);

    println!("the same before, during and after, in sync code and in async code");
    Ok(())
}

async fn serve() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let price = get(async |Path(product): Path<String>| {
        tokio::time::sleep(Duration::from_millis(20)).await;
        match product.as_str() {
            "tea" => Ok("3"),
            "coffee" => Ok("4"),
            _ => Err(StatusCode::NOT_FOUND),
        }
    });
    let app = Router::new().route("/{product}", price);
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(address)
}
