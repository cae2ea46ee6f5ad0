//! Functions that no caller could wait for, or that are no `async fn`.

mod boxed_sync_fn {
    use smartasync::smartasync;

    #[smartasync(boxed)]
    fn answer() -> u32 {
        42
    }

    fn call() {
        answer();
    }
}

mod const_fn {
    use smartasync::smartasync;

    #[smartasync]
    const fn answer() -> u32 {
        42
    }

    fn call() {
        const _: u32 = answer();
    }
}

mod const_method {
    use smartasync::smartasync;

    struct Client;

    #[smartasync]
    impl Client {
        const async fn answer(&self) -> u32 {
            42
        }

        const fn sync(&self) -> u32 {
            42
        }
    }

    fn call() {
        Client.answer().wait();
        const _: u32 = Client.sync();
    }
}

mod decorated_in_a_decorated_block {
    use smartasync::smartasync;

    struct Client;

    #[smartasync]
    impl Client {
        #[smartasync]
        fn answer(&self) -> u32 {
            42
        }
    }

    fn call() {
        let _ = Client.answer();
    }
}

mod extern_c {
    use smartasync::smartasync;

    #[smartasync]
    async extern "C" fn answer() -> u32 {
        42
    }

    fn call() {
        answer().wait();
    }
}

mod extern_c_method {
    use smartasync::smartasync;

    struct Client;

    #[smartasync]
    impl Client {
        async extern "C" fn answer(&self) -> u32 {
            42
        }

        async fn other(&self) -> u32 {
            42
        }

        extern "C" fn sync(&self) -> u32 {
            42
        }
    }

    fn call() {
        Client.answer().wait();
        Client.other().wait();
        Client.sync();
    }
}

mod function_without_body {
    use smartasync::smartasync;

    #[smartasync]
    async fn answer(one: u32) -> u32;

    fn call() {
        answer(1).wait();
    }
}

mod many_mistakes_in_a_block {
    use smartasync::smartasync;

    struct Client;

    #[smartasync]
    impl Client {
        #[smartasync(?Send)]
        async fn one(&self) {}

        #[tracing::instrument(skip_all)]
        async extern "C" fn two(&self) {}

        async fn three(&self) {}
    }

    fn call() {
        Client.one().wait();
        Client.two().wait();
        Client.three().wait();
    }
}

mod on_for_sync_fn {
    use smartasync::{Bridge, smartasync};

    #[smartasync(on = Bridge::shared())]
    fn answer() -> u32 {
        42
    }

    fn call() {
        let _ = Bridge::shared();
        answer();
    }
}

mod sync_fn {
    use smartasync::smartasync;

    #[smartasync]
    pub(crate) fn answer() -> u32 {
        42
    }

    fn call() {
        answer();
    }
}

mod sync_method {
    use smartasync::smartasync;

    struct Client;

    impl Client {
        #[smartasync()]
        fn answer(&self) -> u32 {
            42
        }
    }

    fn call() {
        Client.answer();
    }
}

mod test {
    use smartasync::smartasync;

    #[smartasync]
    #[test]
    async fn answers() -> Result<(), String> {
        Ok(())
    }
}

mod twice {
    use smartasync::smartasync;

    #[smartasync]
    #[smartasync(boxed)]
    async fn answer() -> u32 {
        42
    }

    fn call() {
        answer().wait();
    }
}

mod without_body {
    use smartasync::smartasync;

    trait Client {
        #[smartasync]
        async fn answer(&self) -> u32;
    }

    impl Client for u32 {
        #[smartasync]
        async fn answer(&self) -> u32 {
            *self
        }
    }

    fn call() {
        1.answer().wait();
    }
}

fn main() {}
