//! The futures that are called.

use crate::other_thread;

pub(crate) async fn ready(number: u32) -> u32 {
    number + 1
}

pub(crate) async fn suspends_once(number: u32) -> u32 {
    futures_lite::future::yield_now().await;
    number + 1
}

/// Suspends until another thread has woken it.
pub(crate) async fn woken_by_a_thread(number: u32) -> u32 {
    other_thread::wakes_it().await;
    number + 1
}
