//! Step 0: `reqwest::blocking`, for sync code only. In async code it panics.

use reqwest::blocking::Client;

use crate::Result;

pub(crate) fn bill(server: &str) -> Result<String> {
    let client = Client::new();
    let (tea, coffee) = (price(&client, server, "tea")?, price(&client, server, "coffee")?);
    Ok(format!("tea {tea}, coffee {coffee}, together {}", tea + coffee))
}

fn price(client: &Client, server: &str, product: &str) -> Result<u32> {
    let response = client.get(format!("{server}/{product}")).send()?;
    Ok(response.error_for_status()?.text()?.parse()?)
}
