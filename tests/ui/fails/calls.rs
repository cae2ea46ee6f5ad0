//! Calls and values that are taken for one another.

mod await_on_output {
    use smartasync::smartasync;

    #[smartasync]
    async fn answer() -> u32 {
        42
    }

    async fn call() -> u32 {
        answer().wait().await
    }
}

mod block_on_value {
    fn call() -> u32 {
        smartasync::block_on(42)
    }
}

mod output_of_call {
    use smartasync::smartasync;

    #[smartasync]
    async fn answer() -> u32 {
        42
    }

    fn call() -> u32 {
        answer()
    }
}

mod question_mark {
    use smartasync::smartasync;

    #[smartasync]
    async fn answer() -> Result<u32, String> {
        Ok(42)
    }

    fn call() -> Result<u32, String> {
        Ok(answer()?)
    }

    async fn call_in_async_code() -> Result<u32, String> {
        Ok(answer()?)
    }
}

mod wait_for_bound {
    use smartasync::Wait;

    fn wait_for(future: impl Wait<Output = u32>) -> u32 {
        future.wait()
    }

    fn call() -> u32 {
        wait_for(42)
    }
}

mod wait_for_value {
    use smartasync::Wait;

    fn call() -> u32 {
        42_u32.wait()
    }
}

mod wait_twice {
    use smartasync::{Wait, smartasync};

    #[smartasync]
    async fn answer() -> Result<u32, String> {
        Ok(42)
    }

    fn call() -> Result<u32, String> {
        answer().wait().wait()
    }
}

fn main() {}
