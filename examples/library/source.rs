//! What users of the library write their own functions for, so that they can be tested with a mock.

use mockall::automock;
// The name that mockall knows.
use smartasync::smartasync as async_trait;

use crate::client::{Error, Stations};

/// Whatever knows temperatures.
#[automock]
#[async_trait]
pub trait Source {
    /// Returns the temperature at a station, in degrees.
    async fn temperature(&self, station: &str) -> Result<i32, Error>;
}

#[async_trait]
impl Source for Stations {
    async fn temperature(&self, station: &str) -> Result<i32, Error> {
        Stations::temperature(self, station).await
    }
}
