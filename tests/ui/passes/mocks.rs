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
