//! What a host wants to be told of a thread that waits.

use std::fmt;
use std::sync::Arc;

/// Called on the thread that waits, before it sleeps and after.
#[derive(Clone)]
pub(crate) struct ParkHooks {
    pub(crate) on_park: Arc<dyn Fn() + Send + Sync>,
    pub(crate) on_unpark: Arc<dyn Fn() + Send + Sync>,
}

impl Default for ParkHooks {
    fn default() -> ParkHooks {
        ParkHooks { on_park: Arc::new(|| {}), on_unpark: Arc::new(|| {}) }
    }
}

impl fmt::Debug for ParkHooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParkHooks").finish_non_exhaustive()
    }
}
