//! The shapes of a cloud SDK: fluent builders that own a handle, waiters, paginators, credentials behind `dyn`,
//! generic errors.

macro_rules! cloud {
    ([$($held:tt)*] $run:ident) => {
        use std::borrow::Cow;
        use std::error::Error as StdError;
        use std::fmt::{self, Debug, Display};
        use std::future::Future;
        use std::pin::Pin;
        use std::sync::Arc;
        use std::time::{Duration, SystemTime};

        use crate::held::exchange;

        #[derive(Debug)]
        pub(crate) enum SdkError<E, R = String> {
            Timeout(Duration),
            Service(E, R),
        }

        #[derive(Clone, Debug, PartialEq)]
        pub(crate) struct NoSuchKey(pub(crate) String);

        impl Display for NoSuchKey {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "no key {}", self.0)
            }
        }

        impl StdError for NoSuchKey {}

        #[derive(Clone, Debug)]
        pub(crate) struct Credentials(Cow<'static, str>);

        /// It is used behind a pointer, so it returns boxed futures, as such traits do.
        pub(crate) trait ProvideCredentials: Debug + Send + Sync {
            fn provide<'a>(&'a self) -> Pin<Box<dyn Future<Output = Credentials> + Send + 'a>>
            where
                Self: 'a;
        }

        #[derive(Debug)]
        struct Static(&'static str);

        impl ProvideCredentials for Static {
            fn provide<'a>(&'a self) -> Pin<Box<dyn Future<Output = Credentials> + Send + 'a>>
            where
                Self: 'a,
            {
                Box::pin(async { Credentials(exchange(self.0).await.into()) })
            }
        }

        #[derive(Clone, Debug)]
        pub(crate) struct Config {
            provider: Arc<dyn ProvideCredentials>,
            region: Option<Cow<'static, str>>,
        }

        #[derive(Clone, Debug)]
        pub(crate) struct Client {
            handle: Arc<Config>,
        }

        #[derive(Clone, Debug)]
        pub(crate) struct GetObject {
            handle: Arc<Config>,
            key: Option<String>,
        }

        #[derive(Debug)]
        pub(crate) struct Paginator<T> {
            pages: Vec<Vec<T>>,
            size: Option<i32>,
        }

        $($held)*
        impl Config {
            async fn load() -> Self {
                Config::from_env(Static("env")).await
            }

            async fn from_env(provider: impl ProvideCredentials + 'static) -> Config {
                Config { provider: Arc::new(provider), region: Some(exchange("region").await.into()) }
            }

            async fn credentials(&self) -> Result<Credentials, SdkError<NoSuchKey>> {
                let Credentials(key) = self.provider.provide().await;
                match key.is_empty() {
                    true => Err(SdkError::Service(NoSuchKey("none".into()), self.region().await.into())),
                    false => Ok(Credentials(key)),
                }
            }

            async fn region(&self) -> &str {
                self.region.as_deref().unwrap_or("nowhere")
            }
        }

        impl Client {
            fn get_object(&self) -> GetObject {
                GetObject { handle: Arc::clone(&self.handle), key: None }
            }
        }

        impl GetObject {
            fn key(mut self, key: impl Into<String>) -> Self {
                self.key = Some(key.into());
                self
            }
        }

        $($held)*
        impl GetObject {
            async fn send(self) -> Result<Vec<u8>, SdkError<NoSuchKey>> {
                let Credentials(signed) = self.handle.credentials().await?;
                match self.key {
                    Some(key) => Ok(exchange(format!("{signed} {key}")).await.into_bytes()),
                    None => Err(SdkError::Service(NoSuchKey(String::new()), "raw".into())),
                }
            }

            async fn customize<F>(self, customize: F) -> Result<Vec<u8>, SdkError<NoSuchKey>>
            where
                F: FnOnce(Self) -> Self + Send,
            {
                customize(self).send().await
            }

            async fn presigned(&self, expires: Duration) -> Result<String, Box<dyn StdError + Send + Sync + 'static>> {
                let start = SystemTime::UNIX_EPOCH.checked_add(expires).ok_or("too far")?;
                let key = self.key.as_ref().ok_or_else(|| NoSuchKey("unset".to_owned()))?;
                let seconds = start.duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
                Ok(exchange(format!("{key}?{seconds}")).await)
            }
        }

        $($held)*
        impl<T> Paginator<T>
        where
            T: Debug + Send,
        {
            async fn next(&mut self) -> Option<Result<Vec<T>, SdkError<NoSuchKey>>> {
                exchange("next").await;
                let page = self.pages.pop()?;
                match self.size {
                    Some(size) if size < 1 => Some(Err(SdkError::Timeout(Duration::ZERO))),
                    _ => Some(Ok(page)),
                }
            }

            async fn try_collect(mut self) -> Result<Vec<T>, SdkError<NoSuchKey>> {
                let mut all = vec![];
                while let Some(page) = self.next().await {
                    all.append(&mut page?);
                }
                Ok(all)
            }

            async fn for_each<C, R>(mut self, mut callback: C) -> Result<usize, SdkError<NoSuchKey>>
            where
                C: FnMut(T) -> R + Send,
                R: Future<Output = bool> + Send,
            {
                let mut seen = 0;
                'pages: while let Some(page) = self.next().await.transpose()? {
                    for item in page {
                        seen += 1;
                        if !callback(item).await {
                            break 'pages;
                        }
                    }
                }
                Ok(seen)
            }
        }

        $($held)*
        async fn wait_until<O, E, Op, Fut>(
            operation: Op,
            is_done: &(dyn Fn(&Result<O, E>) -> bool + Send + Sync),
            max: u8,
        ) -> Result<O, SdkError<Option<E>>>
        where
            Op: Fn(u8) -> Fut + Send + Sync,
            Fut: Future<Output = Result<O, E>> + Send,
            O: Send,
            E: Send + StdError,
        {
            let mut last = None;
            for attempt in 0..max {
                let result = operation(attempt).await;
                if is_done(&result) {
                    return result.map_err(|error| SdkError::Service(Some(error), "done".into()));
                }
                last = result.err();
                tokio::time::sleep(Duration::from_micros(1)).await;
            }
            Err(SdkError::Service(last, String::from("gave up")))
        }

        fn client(key: &'static str) -> Client {
            Client { handle: Arc::new(Config { provider: Arc::new(Static(key)), region: None }) }
        }

        fn paginator(size: Option<i32>) -> Paginator<u8> {
            Paginator { pages: vec![vec![3], vec![1, 2]], size }
        }

        cases! {
            $run:
            Config::load();
            Config::from_env(Static("given"));
            client("key").handle.credentials();
            client("").handle.credentials();
            client("").handle.region();
            client("signed").get_object().key("a").send();
            client("signed").get_object().send();
            client("").get_object().key('a').send();
            client("signed").get_object().customize(|request| request.key("changed"));
            client("signed").get_object().key("a").presigned(Duration::from_secs(9));
            client("signed").get_object().presigned(Duration::from_secs(9));
            client("signed").get_object().key("a").presigned(Duration::MAX);
            paginator(None).next();
            paginator(None).try_collect();
            paginator(Some(0)).try_collect();
            paginator(None).for_each(|item| async move { item < 2 });
            wait_until(
                |attempt| async move { if attempt > 1 { Ok(attempt) } else { Err(NoSuchKey("soon".into())) } },
                &|result| result.is_ok(),
                5,
            );
            wait_until(
                |attempt| async move { Err::<(), _>(NoSuchKey(attempt.to_string())) },
                &|result| result.is_ok(),
                2,
            );
        }
    };
}

held!(cloud);
