//! Decorated traits are mocked with mockall, with the attribute under a name that mockall knows.

use mockall::{automock, mock};
use smartasync::smartasync as async_trait;

#[automock]
#[async_trait]
trait Store {
    async fn get(&self, key: &str) -> Option<String>;

    async fn put(&mut self, key: String, value: String) -> u32;

    async fn twice(&self, key: &str) -> bool {
        self.get(key).await == self.get(key).await
    }

    fn len(&self) -> usize;
}

#[cfg_attr(test, automock)]
#[async_trait(boxed)]
trait Clock {
    async fn now(&self) -> u64;
}

#[cfg_attr(test, automock)]
#[async_trait(?Send)]
trait Generic<T: 'static> {
    async fn value(&self) -> T;
}

mock! {
    Client {}

    #[async_trait]
    impl Store for Client {
        async fn get(&self, key: &str) -> Option<String>;
        async fn put(&mut self, key: String, value: String) -> u32;
        fn len(&self) -> usize;
    }
}

fn answers(store: &impl Store) -> Option<String> {
    store.get("a").wait()
}

#[test]
fn the_calls_of_a_mock_are_waited_for_and_awaited() {
    let mut store = MockStore::new();
    store.expect_get().withf(|key| key == "a").times(2).returning(|key| Some(key.to_owned()));
    store.expect_put().return_const(3_u32);
    store.expect_twice().return_const(true);
    store.expect_len().return_const(1_usize);
    assert_eq!(answers(&store).as_deref(), Some("a"));
    let awaits = async { (store.get("a").await, store.put("a".into(), "b".into()).await) };
    assert_eq!(smartasync::block_on(awaits), (Some("a".to_owned()), 3));
    assert!(store.twice("a").wait());
    assert_eq!(store.len(), 1);
}

#[test]
fn boxed_and_generic_traits_have_mocks_too() {
    let mut clock = MockClock::new();
    clock.expect_now().return_const(42_u64);
    let clock: Box<dyn Clock> = Box::new(clock);
    assert_eq!(clock.now().wait(), 42);
    let mut generic = MockGeneric::<&'static str>::new();
    generic.expect_value().return_const("value");
    assert_eq!(generic.value().wait(), "value");
}

#[test]
fn a_mock_that_is_written_by_hand_is_decorated_as_an_implementation_is() {
    let mut client = MockClient::new();
    client.expect_get().returning(|_| None);
    client.expect_put().return_const(0_u32);
    client.expect_len().return_const(0_usize);
    assert_eq!(answers(&client), None);
    assert!(client.twice("a").wait());
    assert_eq!(client.put("a".into(), "b".into()).wait(), 0);
    assert_eq!(client.len(), 0);
}

/// A trait, a client that implements it, another client that uses it, their twins, and a mock: a suite without an async
/// test runner, and without Tokio.
mod suite {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use mockall::automock;
    use mockall::predicate::eq;
    use smartasync::smartasync as async_trait;
    use smartasync::{block_on, smartasync};

    #[automock]
    #[async_trait]
    trait Store {
        async fn get(&self, key: &str) -> Option<String>;
        async fn put(&self, key: &str, value: String);
    }

    #[derive(Default)]
    struct Memory(Mutex<BTreeMap<String, String>>);

    #[smartasync]
    impl Store for Memory {
        async fn get(&self, key: &str) -> Option<String> {
            self.0.lock().unwrap().get(key).cloned()
        }

        async fn put(&self, key: &str, value: String) {
            self.0.lock().unwrap().insert(key.to_owned(), value);
        }
    }

    struct Names<S> {
        store: S,
    }

    #[smartasync(blocking)]
    impl<S: Store> Names<S> {
        pub(crate) fn new(store: S) -> Self {
            Names { store }
        }

        /// Returns the name of `id`, which is `name` the first time.
        pub(crate) async fn get_or_set(&self, id: &str, name: &str) -> String {
            if let Some(name) = self.store.get(id).await {
                return name;
            }
            self.store.put(id, name.to_owned()).await;
            name.to_owned()
        }
    }

    fn store_that_knows(name: Option<&str>) -> MockStore {
        let (mut store, name) = (MockStore::new(), name.map(str::to_owned));
        store.expect_get().with(eq("1")).returning(move |_| name.clone());
        store
    }

    #[test]
    fn the_twin_of_a_client_calls_a_mock() {
        let names = BlockingNames::new(store_that_knows(Some("Ada")));
        assert_eq!(names.get_or_set("1", "Eve"), "Ada");

        let mut store = store_that_knows(None);
        store.expect_put().with(eq("1"), eq("Eve".to_owned())).once().return_const(());
        assert_eq!(BlockingNames::new(store).get_or_set("1", "Eve"), "Eve");
    }

    #[test]
    fn the_client_calls_the_same_mock() {
        let names = Names::new(store_that_knows(Some("Ada")));
        assert_eq!(names.get_or_set("1", "Eve").wait(), "Ada");
        assert_eq!(block_on(async { names.get_or_set("1", "Eve").await }), "Ada");
    }

    #[test]
    fn both_use_the_real_thing() {
        let twin = BlockingNames::new(Memory::default());
        assert_eq!(twin.get_or_set("1", "Ada"), "Ada");
        let names = Names::from(twin);
        assert_eq!(names.get_or_set("1", "Eve").wait(), "Ada");
        assert_eq!(names.store.get("2").wait(), None);
    }
}
