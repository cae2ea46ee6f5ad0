//! The client of a weather service: [`Stations`] for async code, [`BlockingStations`] for sync code.

use std::fmt;
use std::net::SocketAddr;
use std::num::ParseIntError;
use std::time::Duration;

use smartasync::{WaitError, WaitErrorKind, smartasync};
use tokio_stream::{Stream, StreamExt};

/// Why there is no answer.
#[derive(Debug)]
pub enum Error {
    /// The request failed, or the service refused it.
    Request(reqwest::Error),
    /// The service answered something that is no temperature.
    Answer(ParseIntError),
    /// A blocking method was called where it could not wait, for example in async code.
    Wait(WaitErrorKind),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Request(error) => write!(f, "{error}"),
            Error::Answer(error) => write!(f, "the answer is no temperature: {error}"),
            Error::Wait(kind) => write!(f, "the answer cannot be waited for: {kind:?}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<reqwest::Error> for Error {
    fn from(error: reqwest::Error) -> Error {
        Error::Request(error)
    }
}

impl From<ParseIntError> for Error {
    fn from(error: ParseIntError) -> Error {
        Error::Answer(error)
    }
}

/// For the blocking client, whose methods return this error instead of a panic in async code.
impl From<WaitError> for Error {
    fn from(error: WaitError) -> Error {
        Error::Wait(error.kind())
    }
}

/// A client of the weather service. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Stations {
    http: reqwest::Client,
    server: SocketAddr,
}

/// The options of a client.
#[derive(Debug)]
pub struct StationsBuilder {
    http: reqwest::ClientBuilder,
    server: SocketAddr,
}

#[smartasync(blocking, fallible, twins(StationsBuilder), derive(Clone, Debug))]
impl Stations {
    /// Returns a builder for a client of this server.
    pub fn builder(server: SocketAddr) -> StationsBuilder {
        StationsBuilder { http: reqwest::Client::builder(), server }
    }

    /// Returns the temperature at a station, in degrees.
    ///
    /// # Errors
    ///
    /// When the service does not know the station, or cannot be reached.
    pub async fn temperature(&self, station: &str) -> Result<i32, Error> {
        let url = format!("http://{}/{station}", self.server);
        let response = self.http.get(url).send().await?.error_for_status()?;
        Ok(response.text().await?.parse()?)
    }

    /// Returns the temperatures at many stations, one after the other.
    pub fn readings(&self, stations: &[&str]) -> impl Stream<Item = Result<i32, Error>> {
        tokio_stream::iter(stations).then(|station| self.temperature(station))
    }
}

#[smartasync(blocking, twins(Stations), derive(Debug))]
impl StationsBuilder {
    /// Limits how long a request may take. Without a limit it may take for ever.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.http = self.http.timeout(limit);
        self
    }

    /// Makes the client. It connects with the first request.
    ///
    /// # Errors
    ///
    /// When the system's configuration cannot be read.
    pub fn build(self) -> Result<Stations, Error> {
        Ok(Stations { http: self.http.build()?, server: self.server })
    }
}
