//! Transactions, which are rolled back when they are dropped.

use tokio_postgres::types::{BorrowToSql, Type};
use tokio_postgres::{
    IsolationLevel, Portal, Row, RowStream, SimpleQueryMessage, Statement, ToStatement,
};

use smartasync::smartasync;

use crate::{Params, Result, TypedParams};

#[smartasync(blocking = Transaction, twin_only, twins(CancelToken = crate::CancelToken))]
impl<'a> tokio_postgres::Transaction<'a> {
    pub async fn commit(self) -> Result<()>;
    pub async fn rollback(self) -> Result<()>;
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
    pub async fn execute<T: ?Sized + ToStatement>(
        &self,
        query: &T,
        params: Params<'_>,
    ) -> Result<u64>;
    pub async fn execute_typed(&self, query: &str, params: TypedParams<'_>) -> Result<u64>;
    pub async fn bind<T: ?Sized + ToStatement>(
        &self,
        query: &T,
        params: Params<'_>,
    ) -> Result<Portal>;
    pub async fn query_portal(&self, portal: &Portal, max_rows: i32) -> Result<Vec<Row>>;
    #[smartasync(iter)]
    pub async fn query_portal_raw(&self, portal: &Portal, max_rows: i32) -> Result<RowStream>;
    pub async fn simple_query(&self, query: &str) -> Result<Vec<SimpleQueryMessage>>;
    pub async fn batch_execute(&self, query: &str) -> Result<()>;
    pub fn cancel_token(&self) -> tokio_postgres::CancelToken;
}

// Of another lifetime than the block above: what these return borrows from the transaction.
#[smartasync(blocking = Transaction, extend, twin_only, twins(Transaction = Transaction))]
impl<'a> tokio_postgres::Transaction<'a> {
    pub async fn transaction(&mut self) -> Result<tokio_postgres::Transaction<'_>>;
    pub async fn savepoint<I: Into<String>>(
        &mut self,
        name: I,
    ) -> Result<tokio_postgres::Transaction<'_>>;
}

#[smartasync(blocking = TransactionBuilder, twin_only, twins(Transaction = Transaction))]
impl<'a> tokio_postgres::TransactionBuilder<'a> {
    pub fn isolation_level(self, level: IsolationLevel) -> Self;
    pub fn read_only(self, read_only: bool) -> Self;
    pub fn deferrable(self, deferrable: bool) -> Self;
    pub async fn start(self) -> Result<tokio_postgres::Transaction<'a>>;
}
