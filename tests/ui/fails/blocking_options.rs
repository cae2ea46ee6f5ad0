//! Options of a blocking twin.

mod blocking_is_no_name {
    struct Client;

    #[smartasync::smartasync(blocking = "BlockingClient")]
    impl Client {
        pub async fn answer(&self) -> u32 {
            42
        }
    }

    fn call() {
        Client.answer().wait();
    }
}

mod blocking_with_list {
    struct Client;

    #[smartasync::smartasync(blocking(BlockingClient))]
    impl Client {
        pub async fn answer(&self) -> u32 {
            42
        }
    }

    fn call() {
        Client.answer().wait();
    }
}

mod derive_of_extended {
    struct Client;

    #[smartasync::smartasync(blocking)]
    impl Client {
        pub async fn answer(&self) -> u32 {
            42
        }
    }

    #[smartasync::smartasync(blocking, extend, derive(Clone))]
    impl Client {
        pub async fn other(&self) -> u32 {
            42
        }
    }

    fn call() {
        BlockingClient::from(Client).other();
    }
}

mod derive_without_blocking {
    struct Client;

    #[smartasync::smartasync(derive(Clone))]
    impl Client {
        pub async fn answer(&self) -> u32 {
            42
        }
    }

    fn call() {
        Client.answer().wait();
    }
}

mod derive_without_list {
    struct Client;

    #[smartasync::smartasync(blocking, derive = Clone)]
    impl Client {
        pub async fn answer(&self) -> u32 {
            42
        }
    }

    fn call() {
        Client.answer().wait();
    }
}

mod extend_of_function {
    #[smartasync::smartasync(extend)]
    async fn answer() -> u32 {
        42
    }

    fn call() {
        answer().wait();
    }
}

fn main() {}
