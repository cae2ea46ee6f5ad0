//! A client library with a sync and an async face, from one source, and a mock for those who use it.
//!
//! Run with: `cargo run --features stream --example library`
//!
//! `client.rs` is the library, `source.rs` the trait that it implements and its mock. Here is what its users write.

pub mod client;
pub mod source;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use smartasync::block_on;
use tokio::net::TcpListener;
use tokio_stream::StreamExt;

use client::{BlockingStations, Error, Stations};
use source::{MockSource, Source};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = block_on(serve())?;

    let stations = BlockingStations::builder(server).timeout(Duration::from_secs(10)).build()?;
    println!("sync code: {} degrees in Oslo", stations.temperature("oslo")?);
    for reading in stations.readings(&["oslo", "cairo", "atlantis"]) {
        match reading {
            Ok(reading) => println!("sync code: {reading} degrees"),
            Err(error) => println!("sync code: {error}"),
        }
    }

    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let stations = Stations::builder(server).build()?;
        println!("async code: {} degrees in Oslo", stations.temperature("oslo").await?);
        let sum = stations.readings(&["oslo", "cairo"]).fold(Ok(0), add).await?;
        println!("async code: {sum} degrees together");
        Ok::<_, Error>(())
    })?;

    let warmest = warmest(stations.as_ref(), &["oslo", "cairo"])?;
    println!("with the client: {warmest:?}");
    let mut mock = MockSource::new();
    mock.expect_temperature().times(2).returning(|station| Ok(station.len() as i32));
    println!("with a mock: {:?}", self::warmest(&mock, &["a", "abc"])?);
    Ok(())
}

/// A user's function, in sync code.
fn warmest<'a>(source: &impl Source, stations: &[&'a str]) -> Result<Option<&'a str>, Error> {
    let mut warmest = None;
    for station in stations {
        let temperature = source.temperature(station).wait()?;
        warmest = warmest.max(Some((temperature, *station)));
    }
    Ok(warmest.map(|(_, station)| station))
}

fn add(sum: Result<i32, Error>, reading: Result<i32, Error>) -> Result<i32, Error> {
    Ok(sum? + reading?)
}

async fn serve() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let temperature = get(async |Path(station): Path<String>| match station.as_str() {
        "oslo" => Ok("4"),
        "cairo" => Ok("31"),
        _ => Err(StatusCode::NOT_FOUND),
    });
    let app = Router::new().route("/{station}", temperature);
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(address)
}
