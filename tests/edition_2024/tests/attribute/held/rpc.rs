//! The shapes of an RPC client and server: requests that wrap messages, services as traits, layers, streams.

macro_rules! rpc {
    ([$($held:tt)*] $run:ident) => {
        use std::collections::HashMap;
        use std::convert::Infallible;
        use std::fmt::Debug;
        use std::future::Future;
        use std::pin::Pin;
        use std::sync::Arc;
        use std::task::{Context, Poll};

        use crate::held::exchange;

        #[derive(Clone, Debug, Default)]
        pub(crate) struct Metadata(HashMap<String, String>);

        #[derive(Clone, Debug)]
        pub(crate) struct Request<T>(T, Metadata);

        #[derive(Debug)]
        pub(crate) struct Response<T>(T);

        #[derive(Debug)]
        pub(crate) struct Status(i32, String);

        #[derive(Clone, Debug, Default, PartialEq)]
        pub(crate) struct Hello {
            name: String,
        }

        #[derive(Debug)]
        pub(crate) struct Streaming<T>(std::vec::IntoIter<T>);

        pub(crate) trait IntoRequest<T> {
            fn into_request(self) -> Request<T>;
        }

        impl<T> IntoRequest<T> for T {
            fn into_request(self) -> Request<T> {
                Request(self, Metadata::default())
            }
        }

        $($held)*
        impl<T: Send + 'static> Streaming<T> {
            async fn message(&mut self) -> Result<Option<T>, Status> {
                exchange("poll").await;
                Ok(self.0.next())
            }

            async fn collect<B>(mut self) -> Result<B, Status>
            where
                B: Default + Extend<T>,
            {
                let mut all = B::default();
                while let Some(message) = self.message().await? {
                    all.extend([message]);
                }
                Ok(all)
            }
        }

        $($held)*
        pub(crate) trait Greeter: Send + Sync + 'static {
            type Stream: Debug + Send + 'static;

            async fn hello(&self, request: Request<Hello>) -> Result<Response<String>, Status>;

            async fn watch(&self, request: Request<Hello>) -> Result<Response<Self::Stream>, Status>;

            async fn health(self: Arc<Self>) -> Result<(), Status> {
                self.hello(Hello { name: "health".into() }.into_request()).await.map(drop)
            }
        }

        #[derive(Clone, Copy, Debug, Default)]
        pub(crate) struct Polite;

        $($held)*
        impl Greeter for Polite {
            type Stream = Streaming<char>;

            async fn hello(&self, request: Request<Hello>) -> Result<Response<String>, Status> {
                let Request(Hello { name }, _) = request;
                if name.is_empty() {
                    return Err(Status(3, "no name".to_owned()));
                }
                Ok(Response(exchange(format!("hello {name}")).await))
            }

            async fn watch(&self, Request(hello, _): Request<Hello>) -> Result<Response<Streaming<char>>, Status> {
                let letters: Vec<char> = exchange(hello.name).await.chars().collect();
                Ok(Response(Streaming(letters.into_iter())))
            }
        }

        /// Adds metadata to each request of the inner service.
        #[derive(Debug)]
        pub(crate) struct Intercepted<S, F> {
            inner: S,
            intercept: F,
        }

        $($held)*
        impl<S, F> Greeter for Intercepted<S, F>
        where
            S: Greeter,
            F: Fn(&mut Metadata) -> Result<(), Status> + Send + Sync + 'static,
        {
            type Stream = S::Stream;

            async fn hello(&self, mut request: Request<Hello>) -> Result<Response<String>, Status> {
                (self.intercept)(&mut request.1)?;
                let Response(text) = self.inner.hello(request.clone()).await?;
                Ok(Response(format!("{text} {}", request.1.0.len())))
            }

            async fn watch(&self, request: Request<Hello>) -> Result<Response<S::Stream>, Status> {
                self.inner.watch(request).await
            }
        }

        /// A generated client over any transport.
        #[derive(Clone, Debug)]
        pub(crate) struct GreeterClient<T> {
            inner: T,
            limit: Option<usize>,
        }

        $($held)*
        impl<T> GreeterClient<T>
        where
            T: Greeter + Default,
        {
            async fn connect<D>(limit: D) -> Result<Self, Box<dyn std::error::Error + Send + Sync>>
            where
                D: TryInto<usize> + Send,
                D::Error: std::error::Error + Send + Sync + 'static,
            {
                exchange("connect").await;
                Ok(GreeterClient { inner: T::default(), limit: Some(limit.try_into()?) })
            }

            async fn hello(&mut self, request: impl IntoRequest<Hello>) -> Result<Response<String>, Status> {
                let request = request.into_request();
                match self.limit {
                    Some(limit) if request.0.name.len() > limit => Err(Status(8, "too long".into())),
                    _ => self.inner.hello(request).await,
                }
            }

            async fn ready(&mut self) -> Result<&mut T, Infallible> {
                exchange("ready").await;
                Ok(&mut self.inner)
            }
        }

        #[derive(Debug)]
        pub(crate) struct Countdown(u32);

        impl Future for Countdown {
            type Output = &'static str;

            fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<&'static str> {
                context.waker().wake_by_ref();
                match self.0 {
                    0 => Poll::Ready("over"),
                    _ => {
                        self.0 -= 1;
                        Poll::Pending
                    }
                }
            }
        }

        $($held)*
        async fn unary<M1, M2, C>(path: &'static str, message: M1, codec: C) -> Result<Response<M2>, Status>
        where
            M1: Send + Sync + 'static,
            M2: Send + Sync + 'static,
            C: FnOnce(M1) -> Result<M2, Status> + Send,
        {
            let message = codec(message);
            match Countdown(3).await {
                "over" => Ok(Response(message?)),
                _ => Err(Status(13, path.to_owned())),
            }
        }

        $($held)*
        async fn fan_out<G: Greeter, const N: usize>(service: Arc<G>, names: [&str; N]) -> [Option<String>; N] {
            let mut texts = [const { None::<String> }; N];
            for (text, name) in texts.iter_mut().zip(names) {
                let request = Hello { name: name.to_owned() }.into_request();
                *text = service.hello(request).await.ok().map(|Response(text)| text);
            }
            texts
        }

        fn hello(name: &str) -> Hello {
            Hello { name: name.to_owned() }
        }

        fn client() -> GreeterClient<Polite> {
            GreeterClient { inner: Polite, limit: Some(3) }
        }

        cases! {
            $run:
            Polite.hello(hello("a").into_request());
            Polite.hello(hello("").into_request());
            Polite.watch(hello("abc").into_request());
            Arc::new(Polite).health();
            Streaming(vec![1, 2].into_iter()).message();
            Streaming(vec![1, 2].into_iter()).collect::<Vec<_>>();
            Streaming(vec!['a', 'b'].into_iter()).collect::<String>();
            Intercepted { inner: Polite, intercept: |_: &mut Metadata| Ok(()) }.hello(hello("b").into_request());
            Intercepted { inner: Polite, intercept: |_: &mut Metadata| Err(Status(16, "who".into())) }
                .hello(hello("b").into_request());
            GreeterClient::<Polite>::connect(3_u64);
            GreeterClient::<Polite>::connect(-3_i64);
            client().hello(hello("c"));
            client().hello(hello("long"));
            client().ready();
            unary("path", 1_u8, |number| Ok(u16::from(number)));
            unary::<_, (), _>("path", 1_u8, |_| Err(Status(1, "codec".into())));
            fan_out(Arc::new(Polite), ["a", "", "c"]);
        }
    };
}

held!(rpc);
