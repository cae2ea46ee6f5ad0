//! Items that the attribute is not for.

mod on_constant {
    use smartasync::smartasync;

    #[smartasync]
    const ANSWER: u32 = 42;

    fn call() {
        let _ = ANSWER;
    }
}

mod on_enum {
    use smartasync::smartasync;

    #[smartasync]
    enum Answer {
        Yes,
    }

    fn call() {
        let _ = Answer::Yes;
    }
}

mod on_foreign_items {
    use smartasync::smartasync;

    #[smartasync]
    unsafe extern "C" {
        safe fn abs(number: i32) -> i32;
    }

    fn call() {
        let _ = abs(1);
    }
}

mod on_import {
    #[smartasync::smartasync]
    use std::future::ready;

    fn call() {
        let _ = ready(42);
    }
}

mod on_macro {
    use smartasync::smartasync;

    #[smartasync]
    macro_rules! answer {
        () => {
            42
        };
    }

    fn call() {
        let _ = answer!();
    }
}

mod on_module {
    #[smartasync::smartasync]
    mod client {
        pub async fn answer() -> u32 {
            42
        }
    }

    fn call() {
        let _ = client::answer();
    }
}

mod on_struct {
    use smartasync::smartasync;

    #[smartasync]
    struct Client;
}

fn main() {}
