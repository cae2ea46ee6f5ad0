//! The shapes of an SQL client: executors by `&mut` and by reference, rows, transactions, `'q`.

macro_rules! sql {
    ([$($held:tt)*] $run:ident) => {
        use std::future::Future;
        use std::ops::{Deref, DerefMut};
        use std::pin::Pin;

        use crate::held::exchange;

        #[derive(Debug, Default)]
        pub(crate) struct Connection {
            log: Vec<String>,
        }

        #[derive(Clone, Debug, Default)]
        pub(crate) struct Pool;

        #[derive(Debug)]
        pub(crate) struct Transaction<'c> {
            connection: &'c mut Connection,
        }

        #[derive(Clone, Debug, PartialEq)]
        pub(crate) struct Row(String);

        #[derive(Debug)]
        pub(crate) enum Error {
            RowNotFound,
            Database(Box<str>),
        }

        #[derive(Debug)]
        pub(crate) struct Query<'q> {
            text: &'q str,
            arguments: Vec<String>,
        }

        pub(crate) trait FromRow<'r>: Sized {
            fn from_row(row: &'r Row) -> Result<Self, Error>;
        }

        impl<'r> FromRow<'r> for usize {
            fn from_row(row: &'r Row) -> Result<usize, Error> {
                Ok(row.0.len())
            }
        }

        impl<'r> FromRow<'r> for (String,) {
            fn from_row(row: &'r Row) -> Result<Self, Error> {
                Ok((row.0.clone(),))
            }
        }

        fn query(text: &str) -> Query<'_> {
            Query { text, arguments: Vec::new() }
        }

        impl Query<'_> {
            fn bind(mut self, argument: impl ToString) -> Self {
                self.arguments.push(argument.to_string());
                self
            }
        }

        $($held)*
        trait Executor {
            type Guard<'g>: Deref<Target = Connection> + DerefMut + Send
            where
                Self: 'g;

            async fn acquire(&mut self) -> Result<Self::Guard<'_>, Error>;
        }

        $($held)*
        impl Executor for Connection {
            type Guard<'g> = &'g mut Connection;

            async fn acquire(&mut self) -> Result<&mut Connection, Error> {
                Ok(self)
            }
        }

        $($held)*
        impl Executor for Pool {
            type Guard<'g> = Box<Connection>;

            async fn acquire(&mut self) -> Result<Box<Connection>, Error> {
                exchange("connect").await;
                Ok(Box::default())
            }
        }

        $($held)*
        impl<'q> Query<'q> {
            async fn execute<E: Executor>(self, executor: &mut E) -> Result<u64, Error> {
                let mut connection = executor.acquire().await?;
                connection.log.push(exchange(self.text).await);
                Ok(self.arguments.len() as u64)
            }

            async fn fetch_all<'e, E>(self, executor: &'e mut E) -> Result<Vec<Row>, Error>
            where
                E: Executor,
                'q: 'e,
            {
                let _connection = executor.acquire().await?;
                let texts = std::iter::once(self.text.to_owned()).chain(self.arguments);
                Ok(texts.map(Row).collect())
            }

            async fn fetch_one(self, connection: &mut Connection) -> Result<Row, Error> {
                self.fetch_optional(connection).await?.ok_or(Error::RowNotFound)
            }

            async fn fetch_optional(self, connection: &mut Connection) -> Result<Option<Row>, Error> {
                Ok(self.fetch_all(connection).await?.into_iter().find(|row| !row.0.is_empty()))
            }
        }

        $($held)*
        impl Connection {
            async fn connect(url: &str) -> Result<Self, Error> {
                let url = exchange(url).await;
                let scheme = url.split_once("://").map(|(scheme, _)| scheme);
                match scheme {
                    Some("sqlite") => Ok(Connection { log: vec![url] }),
                    other => Err(Error::Database(format!("no driver for {other:?}").into())),
                }
            }

            async fn ping(&mut self) -> Result<(), Error> {
                self.log.push(exchange("ping").await);
                Ok(())
            }

            async fn begin(&mut self) -> Result<Transaction<'_>, Error> {
                self.log.push(exchange("begin").await);
                Ok(Transaction { connection: self })
            }

            async fn transaction<F, R, E>(&mut self, callback: F) -> Result<R, E>
            where
                for<'c> F: FnOnce(
                        &'c mut Transaction<'_>,
                    ) -> Pin<Box<dyn Future<Output = Result<R, E>> + Send + 'c>>
                    + Send,
                E: From<Error> + Send,
                R: Send,
            {
                let mut transaction = self.begin().await?;
                let result = callback(&mut transaction).await;
                if result.is_ok() { transaction.commit().await? } else { transaction.rollback().await? }
                result
            }

            async fn close(self) -> Result<Vec<String>, Error> {
                Ok(self.log)
            }
        }

        $($held)*
        impl<'c> Transaction<'c> {
            async fn commit(self) -> Result<(), Error> {
                self.connection.log.push(exchange("commit").await);
                Ok(())
            }

            async fn rollback(self) -> Result<(), Error> {
                self.connection.log.push(exchange("rollback").await);
                Ok(())
            }

            async fn savepoint<'t>(&'t mut self, name: &str) -> Result<Transaction<'t>, Error> {
                self.connection.log.push(exchange(name).await);
                Ok(Transaction { connection: &mut *self.connection })
            }
        }

        $($held)*
        async fn all_as<O, E>(text: &str, executor: &mut E) -> Result<Vec<O>, Error>
        where
            O: for<'r> FromRow<'r> + Send,
            E: Executor + Send,
        {
            let rows = query(text).bind(1).fetch_all(executor).await?;
            rows.iter().map(O::from_row).collect()
        }

        $($held)*
        async fn transfer(connection: &mut Connection, amount: i64) -> Result<i64, Error> {
            let name = format!("transfer {amount}");
            let run = connection.transaction(|transaction| {
                Box::pin(async move {
                    transaction.savepoint(&name).await?.commit().await?;
                    if amount > 0 { Ok(amount) } else { Err(Error::RowNotFound) }
                })
            });
            run.await
        }

        cases! {
            $run:
            Connection::connect("sqlite://memory");
            Connection::connect("memory");
            Connection::default().close();
            (&mut Connection::default()).acquire();
            Pool.acquire();
            Connection::default().ping();
            Connection::default().begin();
            query("a").bind(1).bind("b").execute(&mut Pool);
            query("a").execute(&mut Connection::default());
            query("a").bind(2).fetch_all(&mut Pool);
            query("").fetch_one(&mut Connection::default());
            query("b").fetch_optional(&mut Connection::default());
            all_as::<usize, _>("text", &mut Pool);
            all_as::<(String,), _>("text", &mut Connection::default());
            transfer(&mut Connection::default(), 3);
            transfer(&mut Connection::default(), -3);
            Transaction { connection: &mut Connection::default() }.commit();
            Transaction { connection: &mut Connection::default() }.savepoint("s");
        }
    };
}

held!(sql);
