//! What cannot be offloaded, whatever its types.

mod offload_of_async_fn {
    #[smartasync::smartasync(offload)]
    async fn hash(data: Vec<u8>) -> usize {
        data.len()
    }

    fn call() {
        let _ = hash(Vec::new());
    }
}

mod offload_of_block {
    struct Hasher;

    #[smartasync::smartasync(offload)]
    impl Hasher {
        fn hash(data: Vec<u8>) -> usize {
            data.len()
        }
    }

    fn call() {
        let _ = Hasher::hash(Vec::new());
    }
}

mod offload_of_lifetimes {
    use std::borrow::Cow;
    use std::sync::MutexGuard;

    use smartasync::smartasync;

    #[smartasync(offload)]
    fn nested(texts: Vec<&str>) -> usize {
        texts.len()
    }

    #[smartasync(offload)]
    fn elided(data: MutexGuard<'_, u8>) -> u8 {
        *data
    }

    #[smartasync(offload)]
    fn named<'a>(text: Cow<'a, str>) -> usize {
        text.len()
    }

    #[smartasync(offload)]
    fn bound<'a>(text: Box<dyn Fn(&str) -> &str + Send + 'a>) -> usize {
        text("a").len()
    }
}

mod offload_of_reference {
    #[smartasync::smartasync(offload)]
    fn hash(data: &[u8]) -> usize {
        data.len()
    }

    fn call() {
        let _ = hash(&[]);
    }
}

mod offload_of_self_reference {
    struct Hasher;

    impl Hasher {
        #[smartasync::smartasync(offload)]
        fn hash(&self, data: Vec<u8>) -> usize {
            data.len()
        }
    }

    fn call() {
        let _ = Hasher.hash(Vec::new());
    }
}

mod offload_on_bridge {
    #[smartasync::smartasync(offload, on = smartasync::Bridge::shared())]
    fn hash(data: Vec<u8>) -> usize {
        data.len()
    }

    fn call() {
        let _ = hash(Vec::new());
    }
}

mod offload_of_bounded_trait {
    #[smartasync::smartasync(offload)]
    fn hash<'a>(data: impl AsRef<[u8]> + Send + 'a) -> usize {
        data.as_ref().len()
    }
}

fn main() {}
