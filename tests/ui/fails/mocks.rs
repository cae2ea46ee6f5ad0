//! mockall beside the attribute under its own name.

mod above {
    use mockall::automock;
    use smartasync::smartasync;

    #[automock]
    #[smartasync]
    trait Store {
        async fn get(&self, key: &str) -> Option<String>;
    }
}

mod below {
    use mockall::automock;
    use smartasync::smartasync;

    #[smartasync]
    #[automock]
    trait Store {
        async fn get(&self, key: &str) -> Option<String>;
    }
}

mod below_and_in_tests_only {
    use mockall::automock;
    use smartasync::smartasync;

    #[smartasync]
    #[cfg_attr(all(), automock)]
    trait Store {
        async fn get(&self, key: &str) -> Option<String>;
    }
}

fn main() {}
