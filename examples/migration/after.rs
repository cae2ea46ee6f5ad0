//! Step 2: async functions, which sync code waits for and async code awaits. The two requests are made at once.

use reqwest::Client;
use smartasync::smartasync;

use crate::Result;

#[smartasync]
pub(crate) async fn bill(server: &str) -> Result<String> {
    let client = Client::new();
    let (tea, coffee) =
        tokio::try_join!(price(&client, server, "tea"), price(&client, server, "coffee"))?;
    Ok(format!("tea {tea}, coffee {coffee}, together {}", tea + coffee))
}

#[smartasync]
async fn price(client: &Client, server: &str, product: &str) -> Result<u32> {
    let response = client.get(format!("{server}/{product}")).send().await?;
    Ok(response.error_for_status()?.text().await?.parse()?)
}
