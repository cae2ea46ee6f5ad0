//! How to connect.

use std::net::IpAddr;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use smartasync::smartasync;
use tokio_postgres::Error;
use tokio_postgres::config::{
    ChannelBinding, Host, LoadBalanceHosts, SslMode, SslNegotiation, TargetSessionAttrs,
};

#[smartasync(blocking = Config, twin_only, derive(Clone, Debug, PartialEq))]
impl tokio_postgres::Config {
    pub fn new() -> Self;
    pub fn user(&mut self, user: impl Into<String>) -> &mut Self;
    pub fn get_user(&self) -> Option<&str>;
    pub fn password<T: AsRef<[u8]>>(&mut self, password: T) -> &mut Self;
    pub fn get_password(&self) -> Option<&[u8]>;
    pub fn dbname(&mut self, dbname: impl Into<String>) -> &mut Self;
    pub fn get_dbname(&self) -> Option<&str>;
    pub fn options(&mut self, options: impl Into<String>) -> &mut Self;
    pub fn get_options(&self) -> Option<&str>;
    pub fn application_name(&mut self, application_name: impl Into<String>) -> &mut Self;
    pub fn get_application_name(&self) -> Option<&str>;
    pub fn ssl_mode(&mut self, ssl_mode: SslMode) -> &mut Self;
    pub fn get_ssl_mode(&self) -> SslMode;
    pub fn ssl_negotiation(&mut self, ssl_negotiation: SslNegotiation) -> &mut Self;
    pub fn get_ssl_negotiation(&self) -> SslNegotiation;
    pub fn host(&mut self, host: impl Into<String>) -> &mut Self;
    pub fn get_hosts(&self) -> &[Host];
    pub fn get_hostaddrs(&self) -> &[IpAddr];
    pub fn host_path<T: AsRef<Path>>(&mut self, host: T) -> &mut Self;
    pub fn hostaddr(&mut self, hostaddr: IpAddr) -> &mut Self;
    pub fn port(&mut self, port: u16) -> &mut Self;
    pub fn get_ports(&self) -> &[u16];
    pub fn connect_timeout(&mut self, connect_timeout: Duration) -> &mut Self;
    pub fn get_connect_timeout(&self) -> Option<&Duration>;
    pub fn tcp_user_timeout(&mut self, tcp_user_timeout: Duration) -> &mut Self;
    pub fn get_tcp_user_timeout(&self) -> Option<&Duration>;
    pub fn keepalives(&mut self, keepalives: bool) -> &mut Self;
    pub fn get_keepalives(&self) -> bool;
    pub fn keepalives_idle(&mut self, keepalives_idle: Duration) -> &mut Self;
    pub fn get_keepalives_idle(&self) -> Duration;
    pub fn keepalives_interval(&mut self, keepalives_interval: Duration) -> &mut Self;
    pub fn get_keepalives_interval(&self) -> Option<Duration>;
    pub fn keepalives_retries(&mut self, keepalives_retries: u32) -> &mut Self;
    pub fn get_keepalives_retries(&self) -> Option<u32>;
    pub fn target_session_attrs(&mut self, attrs: TargetSessionAttrs) -> &mut Self;
    pub fn get_target_session_attrs(&self) -> TargetSessionAttrs;
    pub fn channel_binding(&mut self, channel_binding: ChannelBinding) -> &mut Self;
    pub fn get_channel_binding(&self) -> ChannelBinding;
    pub fn load_balance_hosts(&mut self, load_balance_hosts: LoadBalanceHosts) -> &mut Self;
    pub fn get_load_balance_hosts(&self) -> LoadBalanceHosts;
}

impl FromStr for Config {
    type Err = Error;

    fn from_str(params: &str) -> Result<Config, Error> {
        params.parse().map(|config: tokio_postgres::Config| Config::from(config))
    }
}
