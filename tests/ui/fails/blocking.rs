//! What has no blocking twin.

mod blocking_of_function {
    #[smartasync::smartasync(blocking)]
    async fn answer() -> u32 {
        42
    }

    fn call() {
        answer().wait();
    }
}

mod blocking_of_method {
    use smartasync::smartasync;

    struct Client;

    #[smartasync]
    impl Client {
        #[smartasync(blocking)]
        pub async fn answer(&self) -> u32 {
            42
        }
    }

    fn call() {
        Client.answer().wait();
    }
}

mod blocking_of_object {
    trait Client {}

    #[smartasync::smartasync(blocking)]
    impl dyn Client {
        pub async fn answer(&self) -> u32 {
            42
        }
    }
}

mod blocking_of_private_methods {
    struct Client;

    #[smartasync::smartasync(blocking)]
    impl Client {
        async fn answer(&self) -> u32 {
            42
        }

        pub(self) async fn other(&self) -> u32 {
            42
        }
    }

    fn call() {
        Client.answer().wait();
        Client.other().wait();
    }
}

mod blocking_of_receivers {
    use std::pin::Pin;
    use std::sync::Arc;

    use smartasync::smartasync;

    #[derive(Clone)]
    struct Client;

    #[smartasync(blocking)]
    impl Client {
        pub async fn shared(self: &Arc<Self>) -> u32 {
            42
        }

        pub async fn pinned(self: Pin<&Self>) -> u32 {
            42
        }

        pub fn boxed(self: Box<Arc<Self>>) -> u32 {
            42
        }

        pub async fn right(&self) -> u32 {
            42
        }

        // The twin has no such method.
        async fn private(self: Arc<Self>) -> u32 {
            42
        }
    }

    fn call() {
        // No second error is shown for those that are wrong.
        Arc::new(BlockingClient::from(Client)).shared();
        BlockingClient::from(Client).right();
        Arc::new(Client).private().wait();
    }
}

mod blocking_of_self_in_other_types {
    use std::sync::Arc;

    use smartasync::smartasync;

    #[derive(Clone)]
    pub struct Client;

    pub struct Page<T>(pub T);

    #[smartasync(blocking)]
    impl Client {
        pub const NO_CLIENT: Option<Self> = None;

        pub fn with_name(client: &mut Self) -> &mut Self {
            client
        }

        pub async fn clones(&self) -> impl Iterator<Item = Self> {
            [Client].into_iter()
        }

        pub async fn later(&self) -> Result<u32, Box<dyn Fn() -> Self>> {
            Ok(42)
        }

        pub async fn both(&self) -> std::collections::BTreeMap<Self, Self> {
            unimplemented!()
        }

        pub async fn shared(&self) -> Arc<Self> {
            Arc::new(Client)
        }

        pub async fn page(&self) -> Vec<Page<Self>> {
            vec![Page(Client)]
        }

        pub async fn client(&self) -> (Arc<Client>, &Client, Page<Client>) {
            (Arc::new(Client), self, Page(Client))
        }
    }

    fn call() {
        // No second error is shown for those that are wrong.
        let twin = BlockingClient::from(Client);
        BlockingClient::with_name(&mut Client);
        drop(twin.later());
        twin.client();
    }
}

mod blocking_of_sync_function {
    #[smartasync::smartasync(blocking = BlockingAnswer)]
    fn answer() -> u32 {
        42
    }

    fn call() {
        answer();
    }
}

mod blocking_of_trait {
    #[smartasync::smartasync(blocking)]
    trait Client {
        async fn answer(&self) -> u32;
    }
}

mod blocking_of_trait_impl {
    use smartasync::smartasync;

    #[smartasync]
    trait Client {
        async fn answer(&self) -> u32;
    }

    #[smartasync(blocking)]
    impl Client for u32 {
        async fn answer(&self) -> u32 {
            *self
        }
    }

    fn call() {
        1.answer().wait();
    }
}

mod blocking_of_wrong_methods {
    use smartasync::smartasync;

    struct Client;

    #[smartasync(blocking)]
    impl Client {
        #[smartasync(offload)]
        pub fn hash(&self, data: Vec<u8>) -> usize {
            data.len()
        }

        pub async extern "C" fn foreign(&self) -> usize {
            1
        }
    }

    fn call() {
        // No second error is shown for those that are wrong.
        BlockingClient::from(Client).hash(Vec::new());
        BlockingClient::from(Client).foreign();
    }
}

fn main() {}
