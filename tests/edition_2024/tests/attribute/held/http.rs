//! The shapes of an HTTP client: builders by value, `impl Into`, streams of chunks, bodies.

macro_rules! http {
    ([$($held:tt)*] $run:ident) => {
        use std::collections::BTreeMap;
        use std::fmt::{Debug, Display};
        use std::sync::Arc;
        use std::time::Duration;

        use crate::held::exchange;

        #[derive(Clone, Debug, Default)]
        pub(crate) struct Client(Arc<BTreeMap<String, String>>);

        #[derive(Debug)]
        pub(crate) struct Request {
            client: Client,
            verb: &'static str,
            url: String,
            body: Option<Body>,
        }

        #[derive(Debug)]
        pub(crate) struct Response(u16, String);

        #[derive(Debug)]
        pub(crate) struct Body(Vec<u8>);

        #[derive(Debug, PartialEq)]
        pub(crate) enum Error {
            Status(u16),
            Decode(String),
        }

        impl From<std::num::ParseIntError> for Error {
            fn from(error: std::num::ParseIntError) -> Error {
                Error::Decode(error.to_string())
            }
        }

        impl<T: AsRef<[u8]>> From<T> for Body {
            fn from(bytes: T) -> Body {
                Body(bytes.as_ref().to_vec())
            }
        }

        pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

        impl Client {
            fn request(&self, verb: &'static str, url: &str) -> Request {
                Request { client: self.clone(), verb, url: url.to_owned(), body: None }
            }
        }

        $($held)*
        impl Client {
            async fn execute(&self, request: Request) -> Result<Response> {
                request.send().await
            }

            async fn head<U>(&self, url: U) -> Result<u16>
            where
                U: Display + Send,
            {
                Ok(self.request("HEAD", &url.to_string()).send().await?.status().await)
            }
        }

        $($held)*
        impl Request {
            async fn send(self) -> Result<Response, Error> {
                let Request { client, verb, url, body } = self;
                let known = client.0.get(&url).cloned().unwrap_or_default();
                let sent = exchange(format!("{verb} {url} {known}{body:?}")).await;
                if url.ends_with("missing") { Err(Error::Status(404)) } else { Ok(Response(200, sent)) }
            }

            async fn timeout(self, after: Duration) -> Option<Result<Response>> {
                tokio::time::timeout(after, async move { self.send().await }).await.ok()
            }

            async fn body<T: Into<Body>>(mut self, body: T) -> Request {
                self.body = Some(body.into());
                self
            }
        }

        $($held)*
        impl Response {
            async fn status(&self) -> u16 {
                self.0
            }

            async fn text(self) -> Result<String> {
                Ok(exchange(self.1).await)
            }

            async fn bytes(self: Box<Self>) -> Result<Box<[u8]>> {
                Ok(exchange(self.1).await.into_bytes().into())
            }

            async fn chunk(&mut self) -> Result<Option<Vec<u8>>> {
                let at = self.1.len().min(4);
                let rest = self.1.split_off(at);
                let chunk = std::mem::replace(&mut self.1, rest);
                Ok((!chunk.is_empty()).then(|| chunk.into_bytes()))
            }

            async fn json<T: std::str::FromStr>(self) -> Result<T>
            where
                T::Err: Debug,
            {
                let last = self.1.split(' ').nth(1).unwrap_or_default();
                last.parse().map_err(|error| Error::Decode(format!("{error:?}")))
            }

            async fn error_for_status_ref(&self) -> Result<&Self> {
                if self.0 < 400 { Ok(self) } else { Err(Error::Status(self.0)) }
            }
        }

        $($held)*
        pub(crate) async fn get(url: impl AsRef<str>) -> Result<Response> {
            Client::default().request("GET", url.as_ref()).send().await
        }

        $($held)*
        async fn get_text(client: &Client, url: &str) -> Result<String> {
            client.request("GET", url).send().await?.text().await
        }

        $($held)*
        async fn get_number(client: &Client, url: &str) -> Result<u64> {
            let text = get_text(client, url).await?;
            let number = text.split(' ').nth(1).ok_or(Error::Status(500))?;
            Ok(number.parse::<u64>()?)
        }

        $($held)*
        async fn download(
            client: &Client,
            url: &str,
            mut progress: impl FnMut(usize) + Send,
        ) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
            let response = client.request("GET", url).send().await;
            let mut response = response.map_err(|error| format!("{error:?}"))?;
            let mut all = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(|error| format!("{error:?}"))? {
                progress(chunk.len());
                all.extend(chunk);
            }
            Ok(all)
        }

        $($held)*
        async fn retry<F, Fut, T, E>(mut attempts: u32, mut call: F) -> std::result::Result<T, E>
        where
            F: FnMut(u32) -> Fut,
            Fut: std::future::Future<Output = std::result::Result<T, E>>,
        {
            loop {
                attempts -= 1;
                match call(attempts).await {
                    Err(_) if attempts > 0 => exchange("again").await,
                    done => return done,
                };
            }
        }

        cases! {
            $run:
            get("http://a");
            get(String::from("missing"));
            Client::default().execute(Client::default().request("PUT", "b"));
            Client::default().head(std::net::Ipv4Addr::LOCALHOST);
            Client::default().request("GET", "c").send();
            Client::default().request("GET", "c").timeout(Duration::from_secs(60));
            Client::default().request("POST", "d").body("text");
            Response(201, String::new()).status();
            Response(200, "text".into()).text();
            Box::new(Response(200, "bytes".into())).bytes();
            (Box::leak(Box::new(Response(200, "chunked".into())))).chunk();
            Response(200, "a 12".into()).json::<u32>();
            Response(200, "a b".into()).json::<u32>();
            Response(500, String::new()).error_for_status_ref();
            get_text(&Client::default(), "missing");
            get_number(&Client::default(), "34");
            get_number(&Client::default(), "x");
            download(&Client::default(), "long", |_| ());
            retry(3, |left| async move { if left == 0 { Ok(left) } else { Err("early") } });
        }
    };
}

held!(http);
