//! Step 1: the async client of reqwest, waited for at each place. No signature has changed, and no caller.
//!
//! A client with a time limit needs Tokio when it makes a request: there, write
//! `block_on(async { .. })` around the request.

use reqwest::Client;
use smartasync::Wait;

use crate::Result;

pub(crate) fn bill(server: &str) -> Result<String> {
    let client = Client::new();
    let (tea, coffee) = (price(&client, server, "tea")?, price(&client, server, "coffee")?);
    Ok(format!("tea {tea}, coffee {coffee}, together {}", tea + coffee))
}

fn price(client: &Client, server: &str, product: &str) -> Result<u32> {
    let response = client.get(format!("{server}/{product}")).send().wait()?;
    Ok(response.error_for_status()?.text().wait()?.parse()?)
}
