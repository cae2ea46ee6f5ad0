//! Options that there are not, or that are written otherwise.

mod bridge_of_bare_trait {
    use smartasync::{Bridge, smartasync};

    #[smartasync(on = Bridge::shared())]
    trait Client {
        async fn answer(&self) -> u32;
    }

    #[smartasync]
    impl Client for u32 {
        async fn answer(&self) -> u32 {
            *self
        }
    }

    fn call() {
        let _ = Bridge::shared();
        1.answer().wait();
    }
}

mod crate_is_no_path {
    use smartasync::smartasync;

    #[smartasync(crate = "smartasync")]
    async fn answer() -> u32 {
        42
    }

    fn call() {
        answer().wait();
    }
}

mod on_in_parentheses {
    use smartasync::{Bridge, smartasync};

    #[smartasync(on(Bridge::shared()))]
    async fn answer() -> u32 {
        42
    }

    fn call() {
        let _ = Bridge::shared();
        answer().wait();
    }
}

mod on_nothing {
    use smartasync::smartasync;

    #[smartasync(on =)]
    async fn answer() -> u32 {
        42
    }

    fn call() {
        answer().wait();
    }
}

mod on_without_value {
    use smartasync::smartasync;

    #[smartasync(on)]
    async fn answer() -> u32 {
        42
    }

    fn call() {
        answer().wait();
    }
}

mod option_is_no_word {
    use smartasync::smartasync;

    #[smartasync("boxed")]
    async fn answer() -> u32 {
        42
    }

    fn call() {
        answer().wait();
    }
}

mod option_twice {
    use smartasync::smartasync;

    #[smartasync(boxed, ?Send, boxed)]
    async fn answer() -> u32 {
        42
    }

    fn call() {
        answer().wait();
    }
}

mod option_with_value {
    use smartasync::smartasync;

    #[smartasync(boxed = true)]
    async fn answer() -> u32 {
        42
    }

    fn call() {
        answer().wait();
    }
}

mod send_of_function {
    use smartasync::smartasync;

    #[smartasync(?Send)]
    async fn answer() -> u32 {
        42
    }

    fn call() {
        answer().wait();
    }
}

mod send_of_inherent_method {
    use smartasync::smartasync;

    struct Client;

    #[smartasync]
    impl Client {
        #[smartasync(?Send)]
        async fn answer(&self) -> u32 {
            42
        }
    }

    fn call() {
        Client.answer().wait();
    }
}

mod send_without_question {
    use smartasync::smartasync;

    #[smartasync(Send)]
    trait Client {
        async fn answer(&self) -> u32;
    }

    #[smartasync]
    impl Client for u32 {
        async fn answer(&self) -> u32 {
            *self
        }
    }

    fn call() {
        1.answer().wait();
    }
}

mod unknown_option {
    use smartasync::smartasync;

    #[smartasync(fast)]
    async fn answer() -> u32 {
        42
    }

    fn call() {
        // The item is still there, and no second error is shown for it.
        answer().wait();
    }
}

mod unknown_option_of_method {
    use smartasync::smartasync;

    struct Client;

    #[smartasync]
    impl Client {
        #[smartasync(fast)]
        async fn answer(&self) -> u32 {
            42
        }
    }

    fn call() {
        Client.answer().wait();
    }
}

mod unknown_question_option {
    use smartasync::smartasync;

    #[smartasync(?Sync)]
    trait Client {
        async fn answer(&self) -> u32;
    }

    #[smartasync]
    impl Client for u32 {
        async fn answer(&self) -> u32 {
            *self
        }
    }

    fn call() {
        1.answer().wait();
    }
}

fn main() {}
