//! Traits, their implementations, and default bodies.

use std::fmt::{Debug, Display};
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use smartasync::{Call, smartasync};

use crate::support;

#[smartasync]
trait Store<K: 'static> {
    type Value: Debug + Send;
    const KIND: &'static str;

    async fn get(&self, key: &K) -> Option<&Self::Value>;

    async fn put<V>(&mut self, key: K, value: V) -> usize
    where
        V: Into<Self::Value> + Send;

    async fn kind(&self) -> String {
        tokio::task::yield_now().await;
        format!("{} of {}", Self::KIND, self.size())
    }

    fn size(&self) -> usize;
}

#[derive(Debug, Default)]
struct List(Vec<(String, u64)>);

#[smartasync]
impl Store<String> for List {
    type Value = u64;
    const KIND: &'static str = "list";

    async fn get(&self, key: &String) -> Option<&u64> {
        tokio::task::yield_now().await;
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    async fn put<V>(&mut self, key: String, value: V) -> usize
    where
        V: Into<u64> + Send,
    {
        self.0.push((key, value.into()));
        self.size()
    }

    fn size(&self) -> usize {
        self.0.len()
    }
}

fn is_send<T: Send>(value: T) -> T {
    value
}

fn through_the_bound<S: Store<String>>(store: &S, key: &str) -> Option<String> {
    let key = key.to_owned();
    is_send(store.get(&key)).wait().map(|value| format!("{value:?}"))
}

#[test]
fn a_trait_is_called_by_its_bound_and_by_its_type() {
    let mut list = List::default();
    assert_eq!(list.put("a".into(), 7_u32).wait(), 1);
    assert_eq!(list.get(&"a".into()).wait(), Some(&7));
    assert_eq!(list.get(&"a".into()).name(), "get");
    assert_eq!(through_the_bound(&list, "a").as_deref(), Some("7"));
    assert_eq!(list.kind().wait(), "list of 1");
}

#[test]
fn generic_code_can_spawn_the_calls_of_a_trait() {
    async fn spawned<S: Store<String> + Sync + Send + 'static>(store: Arc<S>) -> String {
        tokio::spawn(async move { store.kind().await }).await.unwrap()
    }

    let list = Arc::new(List::default());
    assert_eq!(support::multi_thread().block_on(spawned(list)), "list of 0");
}

#[smartasync(?Send)]
trait Local {
    async fn shared(&self, number: Rc<u32>) -> u32;

    async fn twice(&self, number: u32) -> u32 {
        self.shared(Rc::new(number)).await * 2
    }
}

#[smartasync]
impl Local for Rc<u32> {
    async fn shared(&self, number: Rc<u32>) -> u32 {
        tokio::task::yield_now().await;
        **self + *number
    }
}

#[test]
fn a_trait_may_lift_send() {
    assert_eq!(Rc::new(1).twice(2).wait(), 6);
}

#[smartasync]
trait Every {
    async fn by_value(self) -> u32
    where
        Self: Sized,
    {
        1
    }

    async fn by_ref(&self) -> u32 {
        2
    }

    async fn by_mut(&mut self) -> u32 {
        3
    }

    async fn by_box(self: Box<Self>) -> u32 {
        4
    }

    async fn by_arc(self: Arc<Self>) -> u32 {
        5
    }

    async fn by_pin(self: Pin<&mut Self>) -> u32 {
        6
    }

    async fn by_pinned_ref(self: Pin<&Self>) -> u32 {
        7
    }

    async fn without() -> u32 {
        8
    }
}

impl Every for u8 {}

#[test]
fn a_default_body_with_every_receiver() {
    let mut number = 0_u8;
    let calls = [
        is_send(number.by_value()).wait(),
        is_send(number.by_ref()).wait(),
        is_send(number.by_mut()).wait(),
        is_send(Box::new(number).by_box()).wait(),
        is_send(Arc::new(number).by_arc()).wait(),
        is_send(Pin::new(&mut number).by_pin()).wait(),
        is_send(Pin::new(&number).by_pinned_ref()).wait(),
        is_send(u8::without()).wait(),
    ];
    assert_eq!(calls, [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[smartasync]
trait ShowLater: Display + Sync {
    async fn show_later(&self) -> String {
        tokio::task::yield_now().await;
        self.to_string()
    }
}

impl<T: Display + Sync + ?Sized> ShowLater for T {}

#[test]
fn an_extension_trait() {
    assert_eq!("a".show_later().wait(), "a");
    assert_eq!(3.show_later().wait(), "3");
}

#[smartasync]
impl<S> Store<u8> for Arc<S>
where
    S: Store<u8> + Send + Sync,
{
    type Value = S::Value;
    const KIND: &'static str = S::KIND;

    async fn get(&self, key: &u8) -> Option<&S::Value> {
        (**self).get(key).await
    }

    async fn put<V>(&mut self, _key: u8, _value: V) -> usize
    where
        V: Into<S::Value> + Send,
    {
        self.size()
    }

    fn size(&self) -> usize {
        (**self).size()
    }
}

#[derive(Debug)]
struct Constant(&'static str);

/// Its methods are decorated one by one.
impl Store<u8> for Constant {
    type Value = &'static str;
    const KIND: &'static str = "constant";

    #[smartasync]
    async fn get(&self, _key: &u8) -> Option<&&'static str> {
        Some(&self.0)
    }

    #[smartasync]
    async fn put<V>(&mut self, _key: u8, value: V) -> usize
    where
        V: Into<&'static str> + Send,
    {
        self.0 = value.into();
        0
    }

    fn size(&self) -> usize {
        self.0.len()
    }
}

#[test]
fn a_trait_implemented_for_an_arc() {
    let mut shared = Arc::new(Constant("a"));
    assert_eq!(shared.get(&0).wait(), Some(&"a"));
    assert_eq!(shared.put(0, "b").wait(), 1);
    assert_eq!(shared.kind().wait(), "constant of 1");
}

#[smartasync]
trait Lists {
    async fn items<'a>(&'a self, from: &str) -> impl Iterator<Item = &'a u32> + Send;

    async fn apply(&self, show: impl Fn(&u32) -> String + Send + Sync) -> Vec<String>;
}

#[smartasync]
impl Lists for [u32] {
    async fn items<'a>(&'a self, from: &str) -> impl Iterator<Item = &'a u32> + Send {
        let from: u32 = from.parse().unwrap();
        self.iter().filter(move |item| **item >= from)
    }

    async fn apply(&self, show: impl Fn(&u32) -> String + Send + Sync) -> Vec<String> {
        self.iter().map(show).collect()
    }
}

#[test]
fn impl_trait_in_a_trait() {
    let items = [1, 2, 3];
    assert_eq!(items.items("2").wait().sum::<u32>(), 5);
    assert_eq!(items.apply(ToString::to_string).wait(), ["1", "2", "3"]);
}

/// Code that knows only that it gets a call.
fn run<F: Future>(call: Call<F>) -> F::Output {
    let _lazy = call.name();
    smartasync::block_on(call.into_future())
}

#[test]
fn the_calls_of_traits_are_calls() {
    assert_eq!(run(List::default().kind()), "list of 0");
}
