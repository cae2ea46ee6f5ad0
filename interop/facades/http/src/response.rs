//! An answer, and its body as `Read`.

use std::io::{self, Read, Write};
use std::net::SocketAddr;

use bytes::{Buf, Bytes};
use http::header::HeaderMap;
use http::{Extensions, StatusCode, Version};
use reqwest::{Error, Url};
use serde::de::DeserializeOwned;
use smartasync::smartasync;

#[smartasync(blocking = Response, twin_only, on = crate::BRIDGE, derive(Debug))]
impl reqwest::Response {
    pub fn status(&self) -> StatusCode;
    pub fn headers(&self) -> &HeaderMap;
    pub fn headers_mut(&mut self) -> &mut HeaderMap;
    pub fn version(&self) -> Version;
    pub fn url(&self) -> &Url;
    pub fn remote_addr(&self) -> Option<SocketAddr>;
    pub fn extensions(&self) -> &Extensions;
    pub fn extensions_mut(&mut self) -> &mut Extensions;
    pub fn content_length(&self) -> Option<u64>;
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, Error>;
    pub async fn bytes(self) -> Result<Bytes, Error>;
    pub async fn text(self) -> Result<String, Error>;
    pub async fn text_with_charset(self, default_encoding: &str) -> Result<String, Error>;
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error>;
    pub fn error_for_status(self) -> Result<Self, Error>;
    pub fn error_for_status_ref(&self) -> Result<&Self, Error>;
}

impl Response {
    /// Copies the rest of the body, and returns its length.
    ///
    /// # Errors
    ///
    /// Those of the body, and those of `writer`.
    pub fn copy_to<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<u64> {
        io::copy(self, writer)
    }
}

/// The part of the last chunk that has not been read.
#[derive(Clone, Default)]
struct Unread(Bytes);

impl Read for Response {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.extensions().get::<Unread>().is_some_and(|unread| unread.0.has_remaining()) {
            match self.chunk().map_err(io::Error::other)? {
                Some(chunk) => drop(self.extensions_mut().insert(Unread(chunk))),
                None => return Ok(0),
            }
        }
        let unread = &mut self.extensions_mut().get_or_insert_default::<Unread>().0;
        let length = unread.remaining().min(buffer.len());
        unread.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}
