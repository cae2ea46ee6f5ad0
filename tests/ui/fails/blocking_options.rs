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

mod fallible_without_conversion {
    struct Client;

    #[smartasync::smartasync(blocking, fallible)]
    impl Client {
        pub async fn answer(&self) -> Result<u32, String> {
            Ok(42)
        }
    }
}

mod iter_of_block {
    struct Client;

    #[smartasync::smartasync(blocking, iter)]
    impl Client {
        pub async fn answer(&self) -> u32 {
            42
        }
    }
}

mod spawn_of_block {
    struct Client;

    #[smartasync::smartasync(blocking, spawn)]
    impl Client {
        pub async fn answer(self) -> u32 {
            42
        }
    }
}

mod spawn_without_blocking {
    #[smartasync::smartasync(spawn)]
    async fn answer() -> u32 {
        42
    }
}

mod spawn_of_sync {
    struct Client;

    #[smartasync::smartasync(blocking)]
    impl Client {
        #[smartasync(spawn)]
        pub fn answer(&self) -> u32 {
            42
        }
    }
}

mod spawn_of_borrowed {
    struct Client;

    #[smartasync::smartasync(blocking)]
    impl Client {
        #[smartasync(spawn)]
        pub async fn answer(&self) -> u32 {
            42
        }

        #[smartasync(spawn)]
        pub async fn length(self, text: &str) -> usize {
            text.len()
        }
    }
}

mod spawn_of_not_send {
    struct Client;

    #[smartasync::smartasync(blocking)]
    impl Client {
        #[smartasync(spawn)]
        pub async fn answer(self, value: std::rc::Rc<u32>) -> u32 {
            *value
        }
    }
}

mod iter_without_blocking {
    struct Client;

    #[smartasync::smartasync]
    impl Client {
        #[smartasync(iter)]
        pub async fn answer(&self) -> u32 {
            42
        }
    }
}

mod twin_only_of_boxed {
    struct Client;

    #[smartasync::smartasync(blocking, twin_only, boxed)]
    impl Client {
        pub async fn answer(&self) -> u32 {
            42
        }
    }
}

mod twin_only_on_self {
    struct Client {
        bridge: smartasync::Bridge,
    }

    #[smartasync::smartasync(blocking, twin_only, on = self.bridge)]
    impl Client {
        pub async fn answer(&self) -> u32 {
            42
        }
    }
}

mod twin_only_without_blocking {
    struct Client;

    #[smartasync::smartasync(twin_only)]
    impl Client {
        pub async fn answer(&self) -> u32 {
            42
        }
    }
}

mod twins_without_list {
    struct Client;

    #[smartasync::smartasync(blocking, twins = Answer)]
    impl Client {
        pub async fn answer(&self) -> u32 {
            42
        }
    }
}

mod twins_without_twin {
    pub struct Answer;

    struct Client;

    #[smartasync::smartasync(blocking, twins(Answer))]
    impl Client {
        pub async fn answer(&self) -> Answer {
            Answer
        }
    }
}

fn main() {}
