//! `boxed`: traits that are used as `dyn Trait`, and recursion.

use std::collections::BTreeMap;
use std::fmt::{Debug, Display};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use smartasync::{Call, smartasync};

use crate::support;

#[smartasync(boxed)]
trait Store: Send + Sync {
    async fn get(&self, key: &str) -> Option<String>;

    async fn longest<'a>(&self, one: &'a str, other: &'a str) -> &'a str;

    async fn put(&mut self, key: String, value: &str);

    async fn name(&self) -> &str {
        "store"
    }

    async fn close(self: Box<Self>) -> usize;

    async fn shared(self: Arc<Self>, times: usize) -> String {
        tokio::task::yield_now().await;
        self.name().await.repeat(times)
    }

    async fn make(value: &str) -> Self
    where
        Self: Sized;

    async fn generic<T: Display + Send>(&self, item: T) -> String
    where
        Self: Sized,
    {
        tokio::task::yield_now().await;
        item.to_string()
    }
}

#[smartasync(boxed)]
impl Store for BTreeMap<String, String> {
    async fn get(&self, key: &str) -> Option<String> {
        tokio::task::yield_now().await;
        BTreeMap::get(self, key).cloned()
    }

    async fn longest<'a>(&self, one: &'a str, other: &'a str) -> &'a str {
        if one.len() > other.len() { one } else { other }
    }

    async fn put(&mut self, key: String, value: &str) {
        self.insert(key, value.to_owned());
    }

    async fn close(self: Box<Self>) -> usize {
        self.len()
    }

    async fn make(value: &str) -> Self {
        BTreeMap::from([(String::from("made"), value.to_owned())])
    }
}

fn is_send<T: Send>(value: T) -> T {
    value
}

#[test]
fn a_trait_object() {
    let mut store: Box<dyn Store> = Box::new(BTreeMap::make("of").wait());
    assert_eq!(store.get("made").wait().as_deref(), Some("of"));
    assert_eq!(store.get("made").name(), "get");
    assert_eq!(store.longest("abc", "d").wait(), "abc");
    store.put("key".into(), "value").wait();
    assert_eq!(is_send(store.get("key")).wait().as_deref(), Some("value"));
    assert_eq!(store.name().wait(), "store");
    assert_eq!(store.close().wait(), 2);
    let store: Arc<dyn Store> = Arc::new(BTreeMap::new());
    assert_eq!(store.shared(2).wait(), "storestore");
    assert_eq!(BTreeMap::new().generic(3).wait(), "3");
}

#[test]
fn a_trait_object_awaits_in_a_task() {
    support::multi_thread().block_on(async {
        let store: Arc<dyn Store> = Arc::new(BTreeMap::make("of").await);
        let task = tokio::spawn(async move { store.get("made").await });
        assert_eq!(task.await.unwrap().as_deref(), Some("of"));
    });
}

/// What the future borrows outlives the future, but not necessarily the store.
#[test]
fn a_boxed_call_borrows_as_the_async_fn_does() {
    fn longest_of<'a>(store: &dyn Store, one: &'a str) -> &'a str {
        let other = String::from("longer");
        let shorter = store.longest(one, "").wait();
        assert_eq!(store.longest(one, &other).wait(), "longer");
        shorter
    }

    let one = String::from("a");
    assert_eq!(longest_of(&BTreeMap::new(), &one), "a");
}

#[smartasync(boxed)]
trait Codec<'a, K, T: ?Sized> {
    type Error;

    async fn decode(
        &self,
        key: K,
        bytes: &'a [u8],
        sink: &mut (dyn Debug + Send),
    ) -> Result<T, Self::Error>
    where
        T: Sized;

    async fn check(&self, key: &K, text: &T) -> bool;
}

#[derive(Debug)]
struct Prefixed<'p, P>(&'p P);

#[smartasync(boxed)]
impl<'a, 'p, P, K> Codec<'a, K, &'a str> for Prefixed<'p, P>
where
    P: AsRef<str> + Sync,
    K: AsRef<str> + Send + Sync,
{
    type Error = std::str::Utf8Error;

    async fn decode(
        &self,
        key: K,
        bytes: &'a [u8],
        _sink: &mut (dyn Debug + Send),
    ) -> Result<&'a str, Self::Error> {
        assert!(self.check(&key, &"").await);
        std::str::from_utf8(bytes)
    }

    async fn check(&self, key: &K, _text: &&'a str) -> bool {
        key.as_ref().starts_with(self.0.as_ref())
    }
}

#[test]
fn lifetimes_and_types_from_around_the_method() {
    let prefix = String::from("k");
    let codec = Prefixed(&prefix);
    let object: &dyn Codec<'_, _, _, Error = _> = &codec;
    assert!(object.check(&"key", &"").wait());
    let bytes = b"text".to_vec();
    assert!(!codec.check(&"other", &"").wait());
    assert_eq!(Local::decode(&codec, &bytes).wait(), "text");
}

#[smartasync(boxed, ?Send)]
trait Local<'a> {
    async fn decode(&self, bytes: &'a [u8]) -> &'a str;

    async fn counted(&self, count: Rc<u32>) -> u32 {
        tokio::task::yield_now().await;
        *count
    }
}

#[smartasync(boxed, ?Send)]
impl<'a, P: AsRef<str> + Sync> Local<'a> for Prefixed<'_, P> {
    async fn decode(&self, bytes: &'a [u8]) -> &'a str {
        let not_send = Rc::new(std::str::from_utf8(bytes));
        tokio::task::yield_now().await;
        not_send.as_ref().unwrap()
    }
}

#[test]
fn a_trait_object_that_is_not_send() {
    let prefix = String::from("k");
    let codec: &dyn Local<'_> = &Prefixed(&prefix);
    assert_eq!(codec.decode(b"ab").wait(), "ab");
    assert_eq!(codec.counted(Rc::new(2)).wait(), 2);
}

#[smartasync(boxed)]
async fn fibonacci(number: u64) -> u64 {
    match number {
        0 | 1 => number,
        _ => fibonacci(number - 1).await + fibonacci(number - 2).await,
    }
}

#[smartasync(boxed)]
async fn is_even(digits: &[u8]) -> bool {
    if digits.is_empty() { true } else { is_odd(&digits[1..]).await }
}

#[smartasync(boxed)]
async fn is_odd(digits: &[u8]) -> bool {
    if digits.is_empty() { false } else { is_even(&digits[1..]).await }
}

#[smartasync(boxed)]
async fn sum<'a, T: Into<u64> + Copy + Sync>(left: &'a [T], _: &mut Vec<&'a T>) -> u64 {
    match left {
        [] => 0,
        [first, rest @ ..] => (*first).into() + sum(rest, &mut vec![first]).await,
    }
}

#[smartasync(boxed)]
async fn applied(
    items: impl IntoIterator<Item = u32, IntoIter: Send> + Send,
    show: &(dyn Fn(&u32) -> String + Sync),
    each: fn(&str) -> &str,
) -> Result<impl Display, std::num::ParseIntError> {
    let mut total = 0;
    for item in items {
        tokio::task::yield_now().await;
        let number: u32 = each(&show(&item)).trim().parse()?;
        total += number;
    }
    Ok(total)
}

#[test]
fn recursion() {
    assert_eq!(is_send(fibonacci(10)).wait(), 55);
    assert!(is_even(b"1234").wait());
    assert!(!is_odd(b"1234").wait());
    assert_eq!(sum(&[1_u32, 2, 3], &mut Vec::new()).wait(), 6);
    let applied = applied([1, 2], &|number| format!("{number} "), |text| text);
    assert_eq!(applied.wait().unwrap().to_string(), "3");
}

/// The bound that the attribute adds to an `impl Trait` does not change how the type before it is parsed.
#[smartasync(boxed, ?Send)]
async fn lengths(
    left: &impl AsRef<str>,
    right: &mut impl Iterator<Item = impl AsRef<str>>,
    nested: Option<&&impl AsRef<[u8]>>,
    pointer: *const impl AsRef<str>,
    mutable: *mut impl AsRef<str>,
) -> (usize, usize, usize, bool) {
    tokio::task::yield_now().await;
    let right = right.map(|text| text.as_ref().len()).sum();
    let nested = nested.map_or(0, |bytes| bytes.as_ref().len());
    (left.as_ref().len(), right, nested, pointer.is_null() && mutable.is_null())
}

/// A type from a macro is within an invisible group.
macro_rules! length_of {
    ($text:ty) => {
        #[smartasync(boxed)]
        async fn length(text: &$text) -> usize {
            tokio::task::yield_now().await;
            text.as_ref().len()
        }
    };
}

length_of!(impl AsRef<str> + Sync);

#[test]
fn an_impl_trait_behind_a_reference_or_a_pointer() {
    let (left, mut right) = ("ab", ["c", "d", "e"].iter());
    let (null, null_mut) = (std::ptr::null::<&str>(), std::ptr::null_mut::<String>());
    let lengths = lengths(&left, &mut right, Some(&&b"f"), null, null_mut);
    assert_eq!(lengths.wait(), (2, 3, 1, true));
    assert_eq!(is_send(length(&"abcd")).wait(), 4);
}

/// The type of a boxed call can be written down.
#[test]
fn a_boxed_call_has_a_name() {
    type Boxed<'a> = Call<Pin<Box<dyn Future<Output = bool> + Send + 'a>>>;
    let functions: [fn(&[u8]) -> Boxed<'_>; 2] =
        [|digits| is_even(digits), |digits| is_odd(digits)];
    let digits = vec![1, 2];
    assert_eq!(functions.map(|function| function(&digits).wait()), [true, false]);
}

#[derive(Debug)]
struct Node<T> {
    value: T,
    next: Option<Box<Node<T>>>,
}

#[smartasync]
impl<T: Clone + Send + Sync> Node<T> {
    #[smartasync(boxed)]
    async fn last(&self) -> &T {
        match &self.next {
            Some(next) => next.last().await,
            None => &self.value,
        }
    }

    #[smartasync(boxed)]
    async fn into_last(self) -> T {
        match self.next {
            Some(next) => next.into_last().await,
            None => self.value,
        }
    }

    #[smartasync(boxed)]
    async fn nested(depth: u32, value: T) -> Self {
        let inner = match depth {
            0 => None,
            _ => Some(Box::new(Self::nested(depth - 1, value.clone()).await)),
        };
        Node { value, next: inner }
    }
}

#[test]
fn recursive_methods_of_a_generic_type() {
    let list = Node::nested(3, 'a').wait();
    assert_eq!(*list.last().wait(), 'a');
    assert_eq!(list.into_last().wait(), 'a');
}

#[smartasync(boxed)]
async fn text_length(text: &str) -> usize {
    tokio::task::yield_now().await;
    text.len()
}

#[smartasync(boxed)]
async fn first_word(text: &str) -> &str {
    text.split(' ').next().unwrap_or_default()
}

struct Words(String);

#[smartasync(boxed)]
impl Words {
    async fn first(&self) -> &str {
        first_word(&self.0).await
    }
}

#[test]
fn a_function_that_borrows_once_is_passed_where_each_call_borrows_anew() {
    async fn both(f: impl AsyncFn(&str) -> usize) -> usize {
        f(&String::from("one")).await + f(&String::from("three")).await
    }

    async fn first_of(f: impl AsyncFn(&Words) -> &str, words: Words) -> usize {
        f(&words).await.len()
    }

    fn shortest<F>(f: F) -> String
    where
        F: for<'a> Fn(&'a str) -> smartasync::BoxCall<'a, &'a str>,
    {
        f(&String::from("one two")).wait().to_owned()
    }

    assert_eq!(smartasync::block_on(both(text_length)), 8);
    assert_eq!(smartasync::block_on(first_of(Words::first, Words("one two".to_owned()))), 3);
    assert_eq!(shortest(first_word), "one");
}
