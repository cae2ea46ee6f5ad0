//! The functions that are called: plain ones, and the same decorated.

#![allow(dead_code, reason = "each program that includes it uses its share")]

use smartasync::smartasync;

pub(crate) async fn ready(number: u32) -> u32 {
    number + 1
}

#[smartasync]
pub(crate) async fn call_ready(number: u32) -> u32 {
    number + 1
}

pub(crate) async fn suspends_once(number: u32) -> u32 {
    futures_lite::future::yield_now().await;
    number + 1
}

#[smartasync]
pub(crate) async fn call_suspends_once(number: u32) -> u32 {
    futures_lite::future::yield_now().await;
    number + 1
}
