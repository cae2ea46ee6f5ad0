//! A request that is being made.

use std::fmt::Display;
use std::time::Duration;

use http::Version;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::multipart::Form;
use reqwest::{Body, Error, Request};
use serde::Serialize;
use smartasync::smartasync;

use crate::Response;

#[smartasync(blocking = RequestBuilder, twin_only, on = crate::BRIDGE, twins(Response = Response))]
impl reqwest::RequestBuilder {
    pub fn from_parts(client: reqwest::Client, request: Request) -> Self;
    pub fn header<K, V>(self, key: K, value: V) -> Self
    where
        HeaderName: TryFrom<K>,
        <HeaderName as TryFrom<K>>::Error: Into<http::Error>,
        HeaderValue: TryFrom<V>,
        <HeaderValue as TryFrom<V>>::Error: Into<http::Error>;
    pub fn headers(self, headers: HeaderMap) -> Self;
    pub fn basic_auth<U: Display, P: Display>(self, username: U, password: Option<P>) -> Self;
    pub fn bearer_auth<T: Display>(self, token: T) -> Self;
    pub fn body<T: Into<Body>>(self, body: T) -> Self;
    pub fn timeout(self, timeout: Duration) -> Self;
    pub fn multipart(self, multipart: Form) -> Self;
    pub fn query<T: Serialize + ?Sized>(self, query: &T) -> Self;
    pub fn version(self, version: Version) -> Self;
    pub fn form<T: Serialize + ?Sized>(self, form: &T) -> Self;
    pub fn json<T: Serialize + ?Sized>(self, json: &T) -> Self;
    pub fn build(self) -> Result<Request, Error>;
    pub fn build_split(self) -> (reqwest::Client, Result<Request, Error>);
    pub fn send(self) -> impl Future<Output = Result<reqwest::Response, Error>>;
    pub fn try_clone(&self) -> Option<Self>;
}
