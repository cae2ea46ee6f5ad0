//! The client and its builder.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use http::header::{HeaderMap, HeaderValue};
use reqwest::{Error, IntoUrl, Method, Proxy, Request, redirect};
use smartasync::smartasync;

use crate::{RequestBuilder, Response};

/// How long a request takes at most, its body included, where nothing else is said.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Sends a GET request with a client of its own.
///
/// # Errors
///
/// Those of the request.
#[track_caller]
pub fn get(url: impl IntoUrl) -> Result<Response, Error> {
    Client::builder().build()?.get(url).send()
}

impl Client {
    /// Makes a client with a timeout of 30 seconds.
    ///
    /// # Panics
    ///
    /// When it cannot be made.
    #[must_use]
    pub fn new() -> Client {
        Client::builder().build().expect("a client can be made")
    }

    /// Makes a builder with a timeout of 30 seconds.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::from(reqwest::Client::builder().timeout(TIMEOUT))
    }
}

impl Default for Client {
    fn default() -> Client {
        Client::new()
    }
}

#[smartasync(blocking = Client, twin_only, on = crate::BRIDGE, derive(Clone), twins(RequestBuilder = RequestBuilder, Response = Response))]
impl reqwest::Client {
    pub fn get<U: IntoUrl>(&self, url: U) -> reqwest::RequestBuilder;
    pub fn post<U: IntoUrl>(&self, url: U) -> reqwest::RequestBuilder;
    pub fn put<U: IntoUrl>(&self, url: U) -> reqwest::RequestBuilder;
    pub fn patch<U: IntoUrl>(&self, url: U) -> reqwest::RequestBuilder;
    pub fn delete<U: IntoUrl>(&self, url: U) -> reqwest::RequestBuilder;
    pub fn head<U: IntoUrl>(&self, url: U) -> reqwest::RequestBuilder;
    pub fn request<U: IntoUrl>(&self, method: Method, url: U) -> reqwest::RequestBuilder;
    pub fn execute(
        &self,
        request: Request,
    ) -> impl Future<Output = Result<reqwest::Response, Error>>;
}

#[smartasync(blocking = ClientBuilder, twin_only, on = crate::BRIDGE, twins(Client = Client))]
impl reqwest::ClientBuilder {
    pub fn build(self) -> Result<reqwest::Client, Error>;
    pub fn user_agent<V>(self, value: V) -> Self
    where
        V: TryInto<HeaderValue>,
        V::Error: Into<http::Error>;
    pub fn default_headers(self, headers: HeaderMap) -> Self;
    pub fn redirect(self, policy: redirect::Policy) -> Self;
    pub fn retry(self, policy: reqwest::retry::Builder) -> Self;
    pub fn referer(self, enable: bool) -> Self;
    pub fn proxy(self, proxy: Proxy) -> Self;
    pub fn no_proxy(self) -> Self;
    pub fn timeout(self, timeout: Duration) -> Self;
    pub fn read_timeout(self, timeout: Duration) -> Self;
    pub fn connect_timeout(self, timeout: Duration) -> Self;
    pub fn connection_verbose(self, verbose: bool) -> Self;
    pub fn pool_idle_timeout<D: Into<Option<Duration>>>(self, val: D) -> Self;
    pub fn pool_max_idle_per_host(self, max: usize) -> Self;
    pub fn http1_title_case_headers(self) -> Self;
    pub fn http1_allow_obsolete_multiline_headers_in_responses(self, value: bool) -> Self;
    pub fn http1_ignore_invalid_headers_in_responses(self, value: bool) -> Self;
    pub fn http1_allow_spaces_after_header_name_in_responses(self, value: bool) -> Self;
    pub fn http1_max_headers(self, max: usize) -> Self;
    pub fn http1_only(self) -> Self;
    pub fn http09_responses(self) -> Self;
    pub fn http2_prior_knowledge(self) -> Self;
    pub fn http2_initial_stream_window_size(self, sz: impl Into<Option<u32>>) -> Self;
    pub fn http2_initial_connection_window_size(self, sz: impl Into<Option<u32>>) -> Self;
    pub fn http2_adaptive_window(self, enabled: bool) -> Self;
    pub fn http2_max_frame_size(self, sz: impl Into<Option<u32>>) -> Self;
    pub fn http2_max_header_list_size(self, max_header_size_bytes: u32) -> Self;
    pub fn http2_keep_alive_interval(self, interval: impl Into<Option<Duration>>) -> Self;
    pub fn http2_keep_alive_timeout(self, timeout: Duration) -> Self;
    pub fn http2_keep_alive_while_idle(self, enabled: bool) -> Self;
    pub fn tcp_nodelay(self, enabled: bool) -> Self;
    pub fn local_address<T: Into<Option<IpAddr>>>(self, addr: T) -> Self;
    pub fn interface(self, interface: &str) -> Self;
    pub fn tcp_keepalive<D: Into<Option<Duration>>>(self, val: D) -> Self;
    pub fn tcp_keepalive_interval<D: Into<Option<Duration>>>(self, val: D) -> Self;
    pub fn tcp_keepalive_retries<C: Into<Option<u32>>>(self, retries: C) -> Self;
    pub fn https_only(self, enabled: bool) -> Self;
    pub fn resolve(self, domain: &str, addr: SocketAddr) -> Self;
    pub fn resolve_to_addrs(self, domain: &str, addrs: &[SocketAddr]) -> Self;
}
