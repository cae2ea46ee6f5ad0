//! Free functions and methods, decorated one by one.

use std::cell::RefCell;
use std::fmt::{Debug, Display};
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use smartasync::{Call, smartasync};

use crate::support;

#[derive(Debug, Default)]
struct Counter {
    count: u32,
}

#[derive(Debug)]
struct Point {
    x: u32,
    y: u32,
}

impl Counter {
    #[smartasync]
    async fn consume(self, by: u32) -> u32 {
        self.count + by
    }

    #[smartasync]
    async fn read(&self) -> &u32 {
        &self.count
    }

    #[smartasync]
    async fn add(&mut self, by: u32) -> &mut Self {
        tokio::task::yield_now().await;
        self.count += by;
        self
    }

    #[smartasync]
    async fn shared(self: Arc<Self>) -> u32 {
        self.count
    }

    #[smartasync]
    async fn pinned(self: Pin<&mut Self>) -> u32 {
        self.get_mut().count += 1;
        1
    }

    #[smartasync]
    async fn boxed(mut self: Box<Self>) -> Self {
        self.count += 1;
        *self
    }

    #[smartasync]
    async fn associated(count: u32) -> Self {
        Self { count }
    }
}

#[test]
fn every_receiver() {
    let mut counter = Counter::associated(1).wait();
    assert_eq!(*counter.read().wait(), 1);
    assert_eq!(counter.add(2).wait().add(3).wait().count, 6);
    assert_eq!(Pin::new(&mut counter).pinned().wait(), 1);
    let counter = Box::new(counter).boxed().wait();
    assert_eq!(counter.count, 8);
    assert_eq!(Arc::new(Counter { count: 4 }).shared().wait(), 4);
    assert_eq!(counter.consume(2).wait(), 10);
}

#[smartasync]
async fn generic<T, const N: usize>(items: [T; N]) -> String
where
    T: Display,
{
    items.iter().map(ToString::to_string).collect()
}

#[smartasync]
async fn elided(text: &str) -> &str {
    text.trim()
}

#[smartasync]
async fn longest<'a: 'b, 'b>(one: &'a str, other: &'b str) -> &'b str {
    if one.len() > other.len() { one } else { other }
}

#[smartasync]
async fn two_lifetimes(one: &str, other: &mut String) -> usize {
    other.push_str(one);
    other.len()
}

#[smartasync]
async fn impl_argument(items: impl IntoIterator<Item = u32>, show: &impl Debug) -> String {
    format!("{show:?} {}", items.into_iter().sum::<u32>())
}

#[smartasync]
async fn patterns(
    Point { x, y }: Point,
    (one, mut two): (u32, u32),
    mut three: u32,
    _: String,
    _unused: &str,
    [first, .., last]: [u32; 4],
) -> u32 {
    two += 1;
    three += 1;
    x + y + one + two + three + first + last
}

#[smartasync]
async fn question_mark(text: &str) -> Result<u32, Box<dyn std::error::Error + Send + Sync>> {
    if text.is_empty() {
        return Err("empty".into());
    }
    let number: u32 = text.parse()?;
    Ok(number)
}

#[smartasync]
async fn returns_impl(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().rev()
}

#[smartasync]
async fn early_return(number: u32) -> Option<Box<dyn Debug>> {
    if number == 0 {
        return None;
    }
    Some(Box::new(number))
}

#[smartasync]
async fn nothing() {}

#[smartasync]
async fn r#type(r#match: u32) -> u32 {
    r#match
}

#[test]
fn every_shape_of_signature() {
    assert_eq!(generic([1, 2, 3]).wait(), "123");
    assert_eq!(elided(" a ").wait(), "a");
    assert_eq!(longest("abc", "d").wait(), "abc");
    let mut text = String::from("a");
    assert_eq!(two_lifetimes("b", &mut text).wait(), 2);
    assert_eq!(impl_argument(vec![1, 2], &"sum").wait(), "\"sum\" 3");
    let point = Point { x: 1, y: 2 };
    assert_eq!(patterns(point, (3, 4), 5, String::new(), "", [6, 0, 0, 7]).wait(), 30);
    assert_eq!(question_mark("12").wait().unwrap(), 12);
    assert_eq!(question_mark("").wait().unwrap_err().to_string(), "empty");
    assert!(question_mark("x").wait().is_err());
    assert_eq!(returns_impl("abc").wait().collect::<String>(), "cba");
    assert!(early_return(0).wait().is_none());
    assert!(early_return(1).wait().is_some());
    nothing().wait();
    assert_eq!(r#type(1).name(), "type");
    assert_eq!(r#type(1).wait(), 1);
}

#[test]
fn every_shape_of_signature_awaits() {
    support::multi_thread().block_on(async {
        let mut counter = Counter::associated(1).await;
        assert_eq!(counter.add(2).await.add(3).await.count, 6);
        assert_eq!(generic([1, 2, 3]).await, "123");
        assert_eq!(question_mark("12").await.unwrap(), 12);
        assert_eq!(returns_impl("abc").await.collect::<String>(), "cba");
    });
}

#[test]
fn a_call_is_lazy_and_debuggable() {
    let ran = RefCell::new(false);

    #[smartasync]
    async fn sets(ran: &RefCell<bool>) {
        *ran.borrow_mut() = true;
    }

    let call = sets(&ran);
    assert_eq!(format!("{call:?}"), "Call { name: \"sets\", .. }");
    assert!(!*ran.borrow());
    call.wait();
    assert!(*ran.borrow());
}

#[test]
fn a_call_that_is_not_send_can_be_waited_for() {
    #[smartasync]
    async fn not_send(shared: Rc<u32>) -> u32 {
        tokio::task::yield_now().await;
        *shared
    }

    assert_eq!(not_send(Rc::new(3)).wait(), 3);
}

#[test]
fn a_call_is_send_when_its_arguments_and_locals_are() {
    fn assert_send<T: Send>(value: T) -> T {
        value
    }
    fn assert_call_send<F: Future + Send>(call: Call<F>) -> F::Output {
        let thread = |call: Call<F>| call.wait();
        thread(assert_send(call))
    }

    assert_eq!(assert_call_send(elided(" b ")), "b");
    assert_eq!(*assert_call_send(Counter { count: 3 }.read()), 3);
}

/// Records its name when it is dropped.
struct Noisy(&'static str, Rc<RefCell<Vec<&'static str>>>);

impl Drop for Noisy {
    fn drop(&mut self) {
        self.1.borrow_mut().push(self.0);
    }
}

impl Noisy {
    #[allow(clippy::unused_async)]
    async fn plain(
        self,
        _unused: Noisy,
        _: Noisy,
        (_one, _): (Noisy, Noisy),
        named: Noisy,
    ) -> usize {
        let _local = Noisy("local", Rc::clone(&named.1));
        tokio::task::yield_now().await;
        named.1.borrow_mut().push("body");
        Noisy("temporary", Rc::clone(&named.1)).0.len()
    }

    #[smartasync]
    async fn decorated(
        self,
        _unused: Noisy,
        _: Noisy,
        (_one, _): (Noisy, Noisy),
        named: Noisy,
    ) -> usize {
        let _local = Noisy("local", Rc::clone(&named.1));
        tokio::task::yield_now().await;
        named.1.borrow_mut().push("body");
        Noisy("temporary", Rc::clone(&named.1)).0.len()
    }
}

/// Returns the order of drops in `call`, which is run to its end or dropped before it starts.
fn drops<F: IntoFuture>(
    call: impl FnOnce([Noisy; 6]) -> F,
    run: impl FnOnce(F::IntoFuture),
) -> Vec<&'static str> {
    let log = Rc::new(RefCell::new(Vec::new()));
    let names = ["self", "unused", "ignored", "one", "other", "named"];
    run(call(names.map(|name| Noisy(name, Rc::clone(&log)))).into_future());
    log.take()
}

#[test]
fn arguments_locals_and_temporaries_drop_as_in_the_async_fn() {
    let plain = |[this, a, b, c, d, e]: [Noisy; 6]| this.plain(a, b, (c, d), e);
    let decorated = |[this, a, b, c, d, e]: [Noisy; 6]| this.decorated(a, b, (c, d), e);
    fn complete<F: Future<Output = usize>>(future: F) {
        pollster::block_on(future);
    }

    let expected = drops(plain, complete);
    assert_eq!(expected.len(), 9);
    assert_eq!(drops(decorated, complete), expected);
    assert_eq!(drops(decorated, drop).len(), 6);
    assert_eq!(drops(decorated, drop), drops(plain, drop), "dropped before it started");
}

mod reexporter {
    pub(crate) mod inner {
        pub(crate) use smartasync::*;
    }

    #[smartasync::smartasync(crate = crate::signatures::reexporter::inner)]
    pub(crate) async fn answer() -> u32 {
        42
    }
}

#[test]
fn the_crate_is_found_where_it_is_re_exported() {
    assert_eq!(reexporter::answer().wait(), 42);
}
