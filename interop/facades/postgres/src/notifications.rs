//! The notifications of a client.

use std::iter;
use std::time::Duration;

use smartasync::Wait;
use tokio_postgres::Notification;

use crate::{Client, Result};

/// The notifications of the channels that a client listens to.
#[derive(Debug)]
pub struct Notifications<'a> {
    client: &'a mut Client,
}

impl<'a> Notifications<'a> {
    pub(crate) fn new(client: &'a mut Client) -> Notifications<'a> {
        Notifications { client }
    }

    /// Returns the number of those that have come.
    #[must_use]
    pub fn len(&self) -> usize {
        self.client.notifications.len()
    }

    /// Whether none has come.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.client.notifications.is_empty()
    }

    /// Returns those that have come by now, and waits for none.
    ///
    /// # Errors
    ///
    /// Those of the connection.
    pub fn pending(&mut self) -> Result<impl Iterator<Item = Notification> + use<'_, 'a>> {
        // The answer comes after them.
        self.client.check_connection()?;
        Ok(iter::from_fn(|| self.client.notifications.try_recv().ok()))
    }

    /// Waits for each, until the connection is closed.
    pub fn blocking_iter(&mut self) -> impl Iterator<Item = Notification> + use<'_, 'a> {
        iter::from_fn(|| self.client.notifications.recv().wait())
    }

    /// Waits for each, for no longer than `limit`.
    pub fn timeout_iter(
        &mut self,
        limit: Duration,
    ) -> impl Iterator<Item = Notification> + use<'_, 'a> {
        iter::from_fn(move || self.client.notifications.recv().wait_timeout(limit).ok().flatten())
    }
}
