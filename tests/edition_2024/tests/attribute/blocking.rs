//! The blocking twin of a client has the same methods, and their values need no `.wait()`.

use crate::support::{current_thread, multi_thread, within_a_minute};

mod wire {
    //! A client and a server of a protocol whose requests and answers are one line each.

    use std::io;
    use std::net::SocketAddr;

    use smartasync::smartasync;
    use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
    use tokio::net::{TcpListener, TcpStream};

    #[derive(Debug)]
    pub(crate) struct Client {
        stream: BufReader<TcpStream>,
        sent: usize,
    }

    #[smartasync(blocking, derive(Debug))]
    impl Client {
        /// How many requests the client sends before it refuses more.
        pub(crate) const LIMIT: usize = 16;

        /// Connects to a server.
        pub(crate) async fn connect(address: SocketAddr) -> io::Result<Self> {
            let stream = TcpStream::connect(address).await?;
            Ok(Client { stream: BufReader::new(stream), sent: 0 })
        }

        /// Sends a request, and returns the answer.
        ///
        /// # Errors
        ///
        /// When the server has gone.
        pub(crate) async fn request(&mut self, text: &str) -> io::Result<String> {
            self.write(text.as_bytes()).await?;
            let mut answer = String::new();
            self.stream.read_line(&mut answer).await?;
            Ok(answer.trim_end().to_owned())
        }

        /// How many requests were sent.
        pub(crate) fn sent(&self) -> usize {
            self.sent
        }

        /// Ends the connection, and returns what is left to be read.
        pub(crate) async fn close(mut self) -> io::Result<Vec<u8>> {
            self.write(b"quit").await?;
            let mut rest = Vec::new();
            self.stream.read_to_end(&mut rest).await?;
            Ok(rest)
        }

        async fn write(&mut self, text: &[u8]) -> io::Result<()> {
            if self.sent == Self::LIMIT {
                return Err(io::ErrorKind::QuotaExceeded.into());
            }
            self.sent += 1;
            self.stream.write_all(text).await?;
            self.stream.write_all(b"\n").await
        }
    }

    /// Answers each line with the same line in capitals, for any number of clients.
    pub(crate) async fn serve(listener: TcpListener) -> io::Result<()> {
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(async move {
                let mut stream = BufReader::new(stream);
                let mut line = String::new();
                while stream.read_line(&mut line).await? > 0 && line != "quit\n" {
                    stream.write_all(line.to_uppercase().as_bytes()).await?;
                    line.clear();
                }
                stream.write_all(b"bye").await
            });
        }
    }
}

#[test]
fn one_source_is_a_client_for_sync_and_one_for_async_code() {
    within_a_minute(|stage| {
        let server = multi_thread();
        let (address, serving) = server.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            (listener.local_addr().unwrap(), tokio::spawn(wire::serve(listener)))
        });

        stage.at("the blocking one");
        let mut blocking = wire::BlockingClient::connect(address).unwrap();
        assert_eq!(blocking.request("one").unwrap(), "ONE");
        assert_eq!(blocking.request("two").unwrap(), "TWO");
        assert_eq!((blocking.sent(), wire::BlockingClient::LIMIT), (2, wire::Client::LIMIT));
        assert!(format!("{blocking:?}").starts_with("BlockingClient(Client {"));
        assert_eq!(blocking.close().unwrap(), b"bye");

        stage.at("the async one");
        current_thread().block_on(async {
            let mut client = wire::Client::connect(address).await.unwrap();
            assert_eq!(client.request("three").await.unwrap(), "THREE");
            assert_eq!(client.close().await.unwrap(), b"bye");
        });

        stage.at("from one to the other and back");
        let mut client = wire::Client::connect(address).wait().unwrap();
        assert_eq!(client.request("four").wait().unwrap(), "FOUR");
        let mut blocking = wire::BlockingClient::from(client);
        assert_eq!(blocking.request("five").unwrap(), "FIVE");
        assert_eq!(blocking.as_mut().request("six").wait().unwrap(), "SIX");
        assert_eq!(blocking.as_ref().sent(), 3);
        let mut client = wire::Client::from(blocking);
        assert_eq!(client.request("seven").wait().unwrap(), "SEVEN");
        serving.abort();
    });
}
