//! A test suite without an async test runner: plain `#[test]`s, a mock and a deadline.
//!
//! Run with: `cargo test --example tests`

#[cfg(test)]
use mockall::automock;
// The name that mockall knows.
use smartasync::smartasync as async_trait;

/// Where prices come from.
#[cfg_attr(test, automock)]
#[async_trait]
trait Prices {
    async fn price(&self, product: &str) -> Option<u32>;
}

struct List;

#[async_trait]
impl Prices for List {
    async fn price(&self, product: &str) -> Option<u32> {
        tokio::task::yield_now().await;
        ["tea", "coffee"].iter().position(|name| *name == product).map(|index| index as u32 + 3)
    }
}

/// Returns what the products cost, if all have a price.
#[async_trait]
async fn total<P: Prices + Sync>(prices: &P, products: &[&str]) -> Option<u32> {
    let mut sum = 0;
    for product in products {
        sum += prices.price(product).await?;
    }
    Some(sum)
}

fn main() {
    println!("tea and coffee: {:?}", total(&List, &["tea", "coffee"]).wait());
    println!("tea and salt: {:?}", total(&List, &["tea", "salt"]).wait());
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use smartasync::{WaitErrorKind, block_on};
    use tokio::task::spawn_blocking;

    use super::*;

    const DEADLINE: Duration = Duration::from_secs(10);

    #[test]
    fn the_total_is_the_sum_of_the_prices() {
        assert_eq!(total(&List, &["tea", "coffee"]).wait_timeout(DEADLINE).unwrap(), Some(7));
    }

    #[test]
    fn async_code_gets_the_same() {
        block_on(async { assert_eq!(total(&List, &["tea", "coffee"]).await, Some(7)) });
    }

    #[test]
    fn nothing_is_asked_for_after_a_product_without_a_price() {
        let mut prices = MockPrices::new();
        prices.expect_price().withf(|product| product == "salt").times(1).returning(|_| None);
        assert_eq!(total(&prices, &["salt", "tea"]).wait_timeout(DEADLINE).unwrap(), None);
    }

    #[test]
    fn a_server_that_never_answers_fails_the_test_and_does_not_hang_it() {
        let error = Never.price("tea").wait_timeout(Duration::from_millis(20)).unwrap_err();
        assert_eq!(error.kind(), WaitErrorKind::TimedOut);
    }

    /// Where a framework asks for an async test, sync code goes to a blocking thread.
    #[tokio::test]
    async fn sync_code_in_an_async_test() {
        let sum = spawn_blocking(|| total(&List, &["tea"]).wait()).await.unwrap();
        assert_eq!(sum, Some(3));
    }

    /// A fake by hand.
    struct Never;

    #[async_trait]
    impl Prices for Never {
        async fn price(&self, _product: &str) -> Option<u32> {
            std::future::pending().await
        }
    }
}
