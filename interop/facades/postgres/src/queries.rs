//! The queries of a client.

use std::fmt::Debug;

use tokio_postgres::types::{BorrowToSql, FromSqlOwned, Type};
use tokio_postgres::{Row, RowStream, SimpleQueryMessage, Statement, ToStatement};

use smartasync::smartasync;

use crate::{Params, Result, TypedParams};

#[smartasync(
    blocking = Queries,
    twin_only,
    twins(CancelToken = crate::CancelToken, Transaction = crate::Transaction, TransactionBuilder = crate::TransactionBuilder)
)]
impl tokio_postgres::Client {
    pub async fn prepare(&self, query: &str) -> Result<Statement>;
    pub async fn prepare_typed(&self, query: &str, types: &[Type]) -> Result<Statement>;
    pub async fn query<T: ?Sized + ToStatement>(
        &self,
        query: &T,
        params: Params<'_>,
    ) -> Result<Vec<Row>>;
    pub async fn query_one<T: ?Sized + ToStatement>(
        &self,
        query: &T,
        params: Params<'_>,
    ) -> Result<Row>;
    pub async fn query_opt<T: ?Sized + ToStatement>(
        &self,
        query: &T,
        params: Params<'_>,
    ) -> Result<Option<Row>>;
    #[smartasync(iter)]
    pub async fn query_raw<T, P, I>(&self, query: &T, params: I) -> Result<RowStream>
    where
        T: ?Sized + ToStatement,
        P: BorrowToSql,
        I: IntoIterator<Item = P>,
        I::IntoIter: ExactSizeIterator;
    pub async fn query_typed(&self, query: &str, params: TypedParams<'_>) -> Result<Vec<Row>>;
    pub async fn query_typed_one(&self, query: &str, params: TypedParams<'_>) -> Result<Row>;
    pub async fn query_typed_opt(
        &self,
        query: &str,
        params: TypedParams<'_>,
    ) -> Result<Option<Row>>;
    #[smartasync(iter)]
    pub async fn query_typed_raw<P, I>(&self, query: &str, params: I) -> Result<RowStream>
    where
        P: BorrowToSql,
        I: IntoIterator<Item = (P, Type)>;
    pub async fn query_scalar<R: FromSqlOwned, T: ?Sized + ToStatement + Debug>(
        &self,
        query: &T,
        params: Params<'_>,
    ) -> Result<Vec<R>>;
    pub async fn execute<T: ?Sized + ToStatement>(
        &self,
        query: &T,
        params: Params<'_>,
    ) -> Result<u64>;
    pub async fn execute_typed(&self, query: &str, params: TypedParams<'_>) -> Result<u64>;
    pub async fn simple_query(&self, query: &str) -> Result<Vec<SimpleQueryMessage>>;
    pub async fn batch_execute(&self, query: &str) -> Result<()>;
    pub async fn check_connection(&self) -> Result<()>;
    pub async fn transaction(&mut self) -> Result<tokio_postgres::Transaction<'_>>;
    pub fn build_transaction(&mut self) -> tokio_postgres::TransactionBuilder<'_>;
    pub fn cancel_token(&self) -> tokio_postgres::CancelToken;
    pub fn clear_type_cache(&self);
    pub fn is_closed(&self) -> bool;
}
