//! One function for sync code and for async code.
//!
//! Run with: `cargo run --example hello`

use std::time::Duration;

use smartasync::smartasync;

#[smartasync]
async fn greeting(name: &str) -> String {
    tokio::time::sleep(Duration::from_millis(10)).await;
    format!("Hello, {name}!")
}

fn main() {
    println!("{}", greeting("sync code").wait());

    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async { println!("{}", greeting("async code").await) });
}
