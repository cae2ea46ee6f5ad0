//! The shapes of a key-value client: generic answers, commands as extension traits, scripts, pipes.

macro_rules! keys {
    ([$($held:tt)*] $run:ident) => {
        use std::collections::BTreeMap;
        use std::num::NonZeroUsize;

        use crate::held::exchange;

        #[derive(Clone, Debug, PartialEq)]
        pub(crate) enum Value {
            Nil,
            Int(i64),
            Text(String),
            Many(Vec<Value>),
        }

        #[derive(Debug, PartialEq)]
        pub(crate) struct Failure(&'static str, String);

        pub(crate) type Answer<T> = Result<T, Failure>;

        pub(crate) trait FromValue: Sized {
            fn from_value(value: &Value) -> Answer<Self>;
        }

        impl FromValue for i64 {
            fn from_value(value: &Value) -> Answer<i64> {
                match value {
                    Value::Int(number) => Ok(*number),
                    other => Err(Failure("type", format!("{other:?}"))),
                }
            }
        }

        impl FromValue for String {
            fn from_value(value: &Value) -> Answer<String> {
                match value {
                    Value::Text(text) => Ok(text.clone()),
                    other => Err(Failure("type", format!("{other:?}"))),
                }
            }
        }

        impl<T: FromValue> FromValue for Option<T> {
            fn from_value(value: &Value) -> Answer<Self> {
                if *value == Value::Nil { Ok(None) } else { T::from_value(value).map(Some) }
            }
        }

        impl<T: FromValue> FromValue for Vec<T> {
            fn from_value(value: &Value) -> Answer<Self> {
                match value {
                    Value::Many(values) => values.iter().map(T::from_value).collect(),
                    other => Err(Failure("type", format!("{other:?}"))),
                }
            }
        }

        pub(crate) trait ToKey: Send + Sync {
            fn to_key(&self) -> String;
        }

        impl<T: std::fmt::Display + Send + Sync + ?Sized> ToKey for T {
            fn to_key(&self) -> String {
                self.to_string()
            }
        }

        #[derive(Clone, Debug, Default)]
        pub(crate) struct Server(BTreeMap<String, Value>);

        $($held)*
        pub(crate) trait ConnectionLike: Send {
            async fn command<'a>(&'a mut self, parts: &[&str]) -> Answer<Value>;

            async fn pipe(&mut self, commands: Vec<Vec<&str>>) -> Answer<Value> {
                let mut answers = Vec::with_capacity(commands.len());
                for command in &commands {
                    answers.push(self.command(command).await?);
                }
                Ok(Value::Many(answers))
            }

            async fn database(&self) -> i64;
        }

        $($held)*
        impl ConnectionLike for Server {
            async fn command<'a>(&'a mut self, parts: &[&str]) -> Answer<Value> {
                match (exchange(parts[0]).await.as_str(), &parts[1..]) {
                    ("GET", [key]) => Ok(self.0.get(*key).cloned().unwrap_or(Value::Nil)),
                    ("SET", [key, value]) => {
                        self.0.insert((*key).to_owned(), Value::Text((*value).to_owned()));
                        Ok(Value::Text("OK".to_owned()))
                    }
                    ("INCR", [key]) => {
                        let old = match self.0.get(*key) {
                            Some(Value::Int(number)) => *number,
                            _ => 0,
                        };
                        self.0.insert((*key).to_owned(), Value::Int(old + 1));
                        Ok(Value::Int(old + 1))
                    }
                    (name, rest) => Err(Failure("unknown", format!("{name} {rest:?}"))),
                }
            }

            async fn database(&self) -> i64 {
                0
            }
        }

        $($held)*
        impl<C: ConnectionLike> ConnectionLike for Box<C>
        where
            C: Sync,
        {
            async fn command<'a>(&'a mut self, parts: &[&str]) -> Answer<Value> {
                (**self).command(parts).await
            }

            async fn database(&self) -> i64 {
                (**self).database().await
            }
        }

        $($held)*
        pub(crate) trait Commands: ConnectionLike + Sized {
            async fn get<K: ToKey, V: FromValue>(&mut self, key: K) -> Answer<V> {
                let key = key.to_key();
                V::from_value(&self.command(&["GET", &key]).await?)
            }

            async fn set<K: ToKey, V: ToKey>(&mut self, key: K, value: V) -> Answer<String> {
                let (key, value) = (key.to_key(), value.to_key());
                String::from_value(&self.command(&["SET", &key, &value]).await?)
            }

            async fn incr(&mut self, key: &(impl ToKey + ?Sized), by: NonZeroUsize) -> Answer<i64> {
                let key = key.to_key();
                let mut last = Value::Nil;
                for _ in 0..by.get() {
                    last = self.command(&["INCR", &key]).await?;
                }
                i64::from_value(&last)
            }

            async fn mget<'k, I>(&mut self, keys: I) -> Answer<Vec<Option<String>>>
            where
                I: IntoIterator<Item = &'k str> + Send,
            {
                let keys: Vec<_> = keys.into_iter().collect();
                let commands = keys.iter().map(|key| vec!["GET", key]).collect();
                Vec::from_value(&self.pipe(commands).await?)
            }
        }

        impl<C: ConnectionLike + Sized> Commands for C {}

        $($held)*
        async fn atomically<C, K, T, F>(connection: &mut C, keys: &[K], mut update: F) -> Answer<T>
        where
            C: ConnectionLike,
            K: ToKey,
            F: AsyncFnMut(&mut C, &str) -> Answer<Option<T>>,
        {
            loop {
                for key in keys {
                    if let Some(done) = update(connection, &key.to_key()).await? {
                        return Ok(done);
                    }
                }
            }
        }

        $($held)*
        async fn scan(server: &Server, pattern: Option<&str>) -> impl Iterator<Item = String> + Send {
            let start = exchange(pattern.unwrap_or_default()).await;
            let keys: Vec<String> = server.0.keys().cloned().collect();
            keys.into_iter().filter(move |key| key.starts_with(&start))
        }

        $($held)*
        async fn keys(server: &Server) -> Vec<String> {
            scan(server, Some("ab")).await.chain(scan(server, None).await).collect()
        }

        fn server() -> Server {
            Server(BTreeMap::from([
                ("a".into(), Value::Int(1)),
                ("ab".into(), Value::Text("text".into())),
            ]))
        }

        cases! {
            $run:
            server().command(&["GET", "a"]);
            server().command(&["DROP", "a"]);
            Box::new(server()).command(&["INCR", "a"]);
            server().pipe(vec![vec!["INCR", "b"], vec!["INCR", "b"]]);
            Box::new(server()).database();
            Commands::get::<_, i64>(&mut server(), "a");
            Commands::get::<_, String>(&mut server(), 'a');
            Commands::get::<_, Option<String>>(&mut server(), 1);
            server().set("key", 1.5);
            server().incr("a", NonZeroUsize::MIN);
            server().mget(["ab", "missing"]);
            server().mget(vec!["a"]);
            atomically(&mut server(), &["b"], async |server: &mut Server, key: &str| {
                let count = server.incr(key, NonZeroUsize::MIN).await?;
                Ok((count > 3).then_some(count))
            });
            keys(&server());
        }
    };
}

held!(keys);
