//! Cancelling a query from another thread.

use smartasync::smartasync;
use tokio_postgres::Socket;
use tokio_postgres::tls::MakeTlsConnect;

use crate::Result;

#[smartasync(blocking = CancelToken, twin_only, derive(Clone))]
impl tokio_postgres::CancelToken {
    pub async fn cancel_query<T: MakeTlsConnect<Socket>>(&self, tls: T) -> Result<()>;
}
