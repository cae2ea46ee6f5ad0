//! Tokio's budget holds in every poll of a waiting call, the first included.

mod support;

use std::time::Duration;

use smartasync::smartasync;
use tokio::sync::mpsc;
use tokio::time::timeout;

use support::within_a_minute;

/// Reads for ever from a channel that is never empty. Without the budget it would never yield.
async fn read_for_ever() {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    loop {
        sender.send(()).unwrap();
        receiver.recv().await.unwrap();
    }
}

#[smartasync]
async fn read_for(limit: Duration) -> bool {
    timeout(limit, read_for_ever()).await.is_err()
}

#[test]
fn a_timeout_beside_an_always_full_channel_fires() {
    within_a_minute(|_| {
        assert!(read_for(Duration::from_millis(20)).wait());
        assert!(read_for(Duration::ZERO).wait());
    });
}
