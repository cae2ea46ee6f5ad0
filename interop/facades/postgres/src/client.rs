//! A client: its connection runs as a task beside it.

use std::fmt;
use std::future::poll_fn;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use smartasync::{Wait, smartasync};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;
use tokio_postgres::error::DbError;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::types::Type;
use tokio_postgres::{AsyncMessage, Error, Notification, Socket, ToStatement};

use crate::{BinaryCopyIn, Config, CopyIn, Notifications, Queries, Result, copy};

/// What is told of a notice of the server.
pub(crate) type OnNotice = Arc<dyn Fn(DbError) + Send + Sync>;

/// A connection to a database. It has the methods of [`Queries`].
pub struct Client {
    queries: Queries,
    pub(crate) notifications: UnboundedReceiver<Notification>,
    connection: JoinHandle<Result<()>>,
}

impl Client {
    /// Connects to a database.
    ///
    /// # Errors
    ///
    /// Those of the parameters and of the connection.
    #[track_caller]
    pub fn connect<T>(params: &str, tls: T) -> Result<Client>
    where
        T: MakeTlsConnect<Socket> + 'static + Send,
        T::TlsConnect: Send,
        T::Stream: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        params.parse::<Config>()?.connect(tls)
    }

    /// Returns the notifications of the channels that the client listens to.
    pub fn notifications(&mut self) -> Notifications<'_> {
        Notifications::new(self)
    }

    /// Starts a `COPY FROM STDIN`.
    ///
    /// # Errors
    ///
    /// Those of the server.
    pub fn copy_in<T: ?Sized + ToStatement>(&mut self, query: &T) -> Result<CopyIn<'_>> {
        self.as_ref().copy_in(query).wait().map(CopyIn::new)
    }

    /// Starts a `COPY FROM STDIN BINARY` of rows whose columns have these types.
    ///
    /// # Errors
    ///
    /// Those of the server.
    pub fn binary_copy_in<T: ?Sized + ToStatement>(
        &mut self,
        query: &T,
        types: &[Type],
    ) -> Result<BinaryCopyIn<'_>> {
        self.as_ref().copy_in(query).wait().map(|sink| BinaryCopyIn::new(sink, types))
    }

    /// Starts a `COPY TO STDOUT`.
    ///
    /// # Errors
    ///
    /// Those of the server.
    pub fn copy_out<T: ?Sized + ToStatement>(
        &mut self,
        query: &T,
    ) -> Result<impl std::io::BufRead + '_> {
        self.as_ref().copy_out(query).wait().map(copy::reader)
    }

    /// Checks that the server answers within `limit`.
    ///
    /// # Errors
    ///
    /// Those of the connection, and a timeout.
    pub fn is_valid(&mut self, limit: Duration) -> Result<()> {
        let answer = self.as_ref().check_connection().wait_timeout(limit);
        answer.unwrap_or_else(|_| Err(Error::__private_api_timeout()))
    }

    /// Closes the connection, and waits until that is done.
    ///
    /// # Errors
    ///
    /// That with which the connection has ended.
    pub fn close(self) -> Result<()> {
        let Client { queries, notifications, connection } = self;
        drop((queries, notifications));
        connection.wait().unwrap_or(Ok(()))
    }
}

impl Config {
    /// Connects to a database.
    ///
    /// # Errors
    ///
    /// Those of the connection.
    #[track_caller]
    pub fn connect<T>(&self, tls: T) -> Result<Client>
    where
        T: MakeTlsConnect<Socket> + 'static + Send,
        T::TlsConnect: Send,
        T::Stream: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        self.connect_with_notices(tls, |_| {})
    }

    /// Connects to a database, and calls `on_notice` with each notice of the server.
    ///
    /// # Errors
    ///
    /// Those of the connection.
    #[track_caller]
    pub fn connect_with_notices<T>(
        &self,
        tls: T,
        on_notice: impl Fn(DbError) + Send + Sync + 'static,
    ) -> Result<Client>
    where
        T: MakeTlsConnect<Socket> + 'static + Send,
        T::TlsConnect: Send,
        T::Stream: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        connect(self, tls, Arc::new(on_notice)).wait()
    }
}

#[smartasync]
async fn connect<T>(config: &Config, tls: T, on_notice: OnNotice) -> Result<Client>
where
    T: MakeTlsConnect<Socket> + 'static + Send,
    T::TlsConnect: Send,
    T::Stream: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    let (client, mut connection) = config.as_ref().connect(tls).await?;
    let (sender, notifications) = unbounded_channel();
    let connection = tokio::spawn(async move {
        while let Some(message) = poll_fn(|cx| connection.poll_message(cx)).await {
            match message? {
                AsyncMessage::Notification(notification) => drop(sender.send(notification)),
                AsyncMessage::Notice(notice) => on_notice(notice),
                _ => {}
            }
        }
        Ok(())
    });
    Ok(Client { queries: Queries::from(client), notifications, connection })
}

impl AsRef<tokio_postgres::Client> for Client {
    fn as_ref(&self) -> &tokio_postgres::Client {
        self.queries.as_ref()
    }
}

impl Deref for Client {
    type Target = Queries;

    fn deref(&self) -> &Queries {
        &self.queries
    }
}

impl DerefMut for Client {
    fn deref_mut(&mut self) -> &mut Queries {
        &mut self.queries
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}
