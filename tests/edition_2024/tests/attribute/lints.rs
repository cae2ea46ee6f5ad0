//! No lint fires on generated code, however strict the code around it is.

#![deny(warnings, clippy::pedantic, clippy::nursery, rust_2018_idioms)]
#![deny(
    clippy::redundant_type_annotations,
    clippy::ref_patterns,
    clippy::shadow_reuse,
    clippy::shadow_same,
    clippy::shadow_unrelated,
    let_underscore_drop,
    missing_docs,
    refining_impl_trait,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unused_import_braces,
    unused_lifetimes,
    unused_qualifications,
    unused_results,
    variant_size_differences
)]
#![allow(clippy::future_not_send, clippy::redundant_pub_crate, unreachable_pub)]

use std::fmt::{Debug, Display};
use std::rc::Rc;
use std::sync::Arc;

use smartasync::{Bridge, smartasync};
use tokio::task::yield_now;

/// Has a field for each argument.
#[derive(Debug)]
pub struct Point {
    x: u32,
    y: u32,
}

/// Takes every kind of pattern.
#[smartasync]
pub async fn patterns(
    Point { x, y }: Point,
    (one, mut two): (u32, u32),
    mut three: u32,
    _: String,
    _unused: &str,
) -> u32 {
    yield_now().await;
    two += 1;
    three += 1;
    x + y + one + two + three
}

/// Returns nothing.
#[smartasync]
pub async fn nothing() {
    yield_now().await;
}

/// Does not return.
#[smartasync]
pub async fn never(number: u32) -> ! {
    loop {
        assert!(number > 0);
        yield_now().await;
    }
}

/// Only panics.
#[smartasync]
pub async fn panics(number: u32) -> u32 {
    yield_now().await;
    panic!("{number}")
}

/// Has its body on one line.
#[smartasync]
#[rustfmt::skip]
pub async fn one_line(text: &str) -> usize { one_line_boxed().await + text.len() }

/// Has its body on one line, and is boxed.
#[smartasync(boxed)]
#[rustfmt::skip]
pub async fn one_line_boxed() -> usize { offloaded().await }

/// Has its body on one line, and is sync.
#[smartasync(offload)]
#[rustfmt::skip]
pub fn offloaded() -> usize { usize::BITS as usize }

/// Is sync, and takes every kind of argument.
#[smartasync(offload)]
pub fn offloaded_patterns<T: Display + Send + 'static>(
    Point { x, y }: Point,
    mut three: u32,
    _: String,
    _unused: &'static str,
    item: T,
    show: impl Fn(&T) -> String + Send + 'static,
) -> String {
    three += x + y;
    format!("{three}{}", show(&item))
}

/// Always returns early.
///
/// # Errors
///
/// Always.
#[smartasync]
pub async fn returns(text: &str) -> Result<u32, String> {
    yield_now().await;
    Err(text.to_owned())?;
    Ok(1)
}

/// Has everything that a signature can have.
///
/// # Errors
///
/// When there is no number.
#[smartasync(on = Bridge::shared())]
pub async fn generic<T, const N: usize>(
    text: &str,
    items: [T; N],
    show: impl Fn(&T) -> String,
) -> Result<impl Iterator<Item = String>, String>
where
    T: Display,
{
    yield_now().await;
    let shown: Vec<_> = items.iter().map(show).chain([text.to_owned()]).collect();
    Ok(shown.into_iter())
}

/// Calls itself.
#[must_use]
#[smartasync(boxed)]
pub async fn recursive<T: Debug + Sync>(left: u32, item: &T, _: &str) -> String {
    yield_now().await;
    if left == 0 { format!("{item:?}") } else { recursive(left - 1, item, "").await }
}

/// Calls itself, and is not `Send`.
#[smartasync(boxed, ?Send)]
pub async fn local(left: Rc<u32>) -> u32 {
    yield_now().await;
    if *left == 0 { 0 } else { local(Rc::new(*left - 1)).await + 1 }
}

/// Has an inner attribute, which is for its arguments too.
#[smartasync]
pub async fn inner(unused: u32) -> u32 {
    #![expect(unused_variables)]
    yield_now().await;
    1
}

/// Is deprecated.
#[smartasync]
#[deprecated]
pub async fn deprecated(point: Point) -> u32 {
    yield_now().await;
    point.x
}

/// Has methods.
#[derive(Debug)]
pub struct Client(u32);

#[smartasync]
impl Client {
    /// By value.
    #[must_use = "it is the number"]
    pub async fn by_value(self) -> u32 {
        yield_now().await;
        self.0
    }

    /// By reference.
    pub async fn by_ref(&self, _: u32) -> &u32 {
        yield_now().await;
        &self.0
    }

    /// By a mutable reference.
    pub async fn by_mut(&mut self) -> &mut Self {
        yield_now().await;
        self.0 += 1;
        self
    }

    /// Builds one.
    pub async fn new(number: u32) -> Self {
        yield_now().await;
        Self(number)
    }

    #[smartasync(boxed)]
    async fn boxed(&self, left: &u32) -> &u32 {
        yield_now().await;
        if *left == 0 { &self.0 } else { self.boxed(&(left - 1)).await }
    }
}

/// Has a twin.
#[derive(Clone, Copy, Debug)]
pub struct Connection<'a, T>(&'a str, T);

#[smartasync(blocking, derive(Clone, Copy))]
impl<'a, T: Display> Connection<'a, T> {
    /// A number.
    pub const LIMIT: usize = 2;

    /// Makes one.
    pub const fn new(name: &'a str, item: T) -> Self {
        Connection(name, item)
    }

    /// Makes one, or not.
    ///
    /// # Errors
    ///
    /// When the name is empty.
    pub async fn connect(name: &'a str, item: T) -> Result<Self, String> {
        yield_now().await;
        if name.is_empty() { Err(String::new()) } else { Ok(Self(name, item)) }
    }

    /// Makes one, or not.
    pub async fn maybe(name: &'a str, item: T) -> Option<Self> {
        yield_now().await;
        (!name.is_empty()).then_some(Self(name, item))
    }

    /// Makes one of each item.
    pub async fn all(name: &'a str, items: Vec<T>) -> (Vec<Self>, usize) {
        yield_now().await;
        let many: Vec<_> = items.into_iter().map(|item| Self(name, item)).collect();
        let len = many.len();
        (many, len)
    }

    /// Takes every kind of pattern.
    #[must_use]
    pub async fn patterns(
        &self,
        Point { x, y }: Point,
        mut three: u32,
        _: String,
        _unused: &str,
    ) -> u32 {
        yield_now().await;
        three += 1;
        x + y + three
    }

    /// Borrows.
    ///
    /// # Errors
    ///
    /// Never.
    #[must_use]
    pub async fn item(&mut self, _: &str) -> Result<&T, String> {
        yield_now().await;
        Ok(&self.1)
    }

    /// Has a named lifetime.
    pub async fn both<'b>(&'b self, other: &'b str) -> (&'b str, &'a str) {
        yield_now().await;
        (other, self.0)
    }

    /// Is generic.
    pub async fn show<const N: usize>(&self, show: impl Fn(&T) -> String) -> [String; N] {
        yield_now().await;
        [(); N].map(|()| show(&self.1))
    }

    /// Returns nothing.
    pub async fn nothing(self) {
        yield_now().await;
    }

    /// Does not return.
    pub async fn never(&self) -> ! {
        loop {
            assert!(self.0.is_empty());
            yield_now().await;
        }
    }

    /// Is sync.
    #[must_use]
    pub const fn name(&self) -> &str {
        self.0
    }

    /// Is deprecated.
    #[deprecated]
    pub async fn deprecated(&mut self) -> usize {
        yield_now().await;
        self.0.len()
    }

    /// Is deprecated under a condition.
    #[cfg_attr(not(any()), deprecated)]
    pub async fn conditional(&self) -> usize {
        yield_now().await;
        self.0.len()
    }

    /// Has a variable that its twin does not have.
    #[expect(unused_variables)]
    pub async fn expects(&self) {
        let unused = self.0.len();
        yield_now().await;
    }

    /// Changes itself.
    pub async fn renamed(mut self, name: &'a str) -> Self {
        yield_now().await;
        self.0 = name;
        self
    }

    /// Has more arguments than most.
    #[expect(clippy::too_many_arguments)]
    pub async fn many(&self, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8) {
        yield_now().await;
    }
}

/// Only the client is used, and not the twin.
struct Half(u32);

#[smartasync(blocking, on = Bridge::shared())]
impl Half {
    pub(crate) const ONE: u32 = 1;

    pub(crate) async fn number(&self) -> u32 {
        yield_now().await;
        self.0
    }

    pub(crate) async fn halves(&self) -> Result<Vec<Self>, Box<Self>> {
        yield_now().await;
        if self.0 == 0 { Err(Box::new(Self(0))) } else { Ok(vec![Self(1)]) }
    }
}

/// Used by its bound.
#[smartasync]
pub trait Store<K: Sync>: Sync {
    /// What it stores.
    type Value;

    /// Has no body.
    async fn get(&self, key: &K) -> Option<&u32>;

    /// Has a body.
    async fn size(&self) -> usize {
        yield_now().await;
        1
    }

    /// Takes `self` by value.
    async fn close(self) -> usize
    where
        Self: Sized,
    {
        yield_now().await;
        2
    }

    /// Has bounds in both places.
    async fn put<V: Debug + Send>(&mut self, key: K, value: V) -> String
    where
        K: Send;
}

#[smartasync]
impl<K: Sync + Debug> Store<K> for Client {
    type Value = u32;

    async fn get(&self, key: &K) -> Option<&u32> {
        yield_now().await;
        (format!("{key:?}").len() < 10).then_some(&self.0)
    }

    async fn put<V: Debug + Send>(&mut self, key: K, value: V) -> String
    where
        K: Send,
    {
        yield_now().await;
        format!("{key:?} {value:?}")
    }
}

/// Used as an object.
#[smartasync(boxed)]
pub trait Object<K>: Send + Sync {
    /// Borrows.
    async fn get<'a>(&'a self, key: &K, other: &'a str) -> &'a str;

    /// Has a body.
    async fn name(&self) -> &str {
        yield_now().await;
        "object"
    }

    /// Is shared.
    async fn shared(self: Arc<Self>) -> usize;
}

#[smartasync(boxed)]
impl<K: Sync + Debug> Object<K> for Client {
    async fn get<'a>(&'a self, key: &K, other: &'a str) -> &'a str {
        yield_now().await;
        drop(format!("{key:?}"));
        other
    }

    async fn shared(self: Arc<Self>) -> usize {
        yield_now().await;
        1
    }
}

#[test]
fn strict_code_calls_a_twin() {
    let mut twin = BlockingConnection::connect("name", 1).expect("it has a name");
    let copy = twin;
    assert_eq!(twin.item(""), Ok(&1));
    assert_eq!(twin.both("other"), ("other", "name"));
    assert_eq!(twin.show(u32::to_string), ["1", "1"]);
    assert_eq!(twin.patterns(Point { x: 1, y: 2 }, 3, String::new(), ""), 7);
    twin.many(1, 2, 3, 4, 5, 6, 7, 8);
    #[expect(deprecated)]
    let len = copy.conditional();
    assert_eq!(len, 4);
    copy.expects();
    assert_eq!(copy.renamed("other").name(), "other");
    copy.nothing();
    assert_eq!(Half(Half::ONE).number().wait(), 1);
    assert_eq!(Half(0).halves().wait().map_err(|half| half.0).err(), Some(0));
    assert_eq!(BlockingConnection::all("name", vec![1, 2]).1, 2);
    assert_eq!(BlockingConnection::new("name", BlockingConnection::<u8>::LIMIT).name(), "name");
}

/// That this compiles is most of the test: only the lints of this file fire.
#[test]
fn strict_code_calls_decorated_functions() {
    let point = Point { x: 1, y: 2 };
    assert_eq!(patterns(point, (3, 4), 5, String::new(), "").wait(), 17);
    nothing().wait();
    assert_eq!(one_line("a").wait(), offloaded().wait() + 1);
    let call = offloaded_patterns(Point { x: 1, y: 2 }, 3, String::new(), "", 'a', char::to_string);
    assert_eq!(call.wait(), "6a");
    assert_eq!(inner(2).wait(), 1);
    assert_eq!(never(1).name(), "never");
    assert_eq!(panics(1).name(), "panics");
    assert_eq!(returns("a").wait(), Err("a".to_owned()));
    let shown = generic("b", [1, 2], u32::to_string).wait().expect("it returns numbers");
    assert_eq!(shown.collect::<String>(), "12b");
    assert_eq!(recursive(2, &'a', "").wait(), "'a'");
    assert_eq!(local(Rc::new(2)).wait(), 2);
    #[expect(deprecated)]
    let number = deprecated(Point { x: 1, y: 2 });
    assert_eq!(number.wait(), 1);
}

#[test]
fn strict_code_calls_decorated_methods() {
    let mut client = Client::new(1).wait();
    assert_eq!(*client.by_mut().wait().by_ref(1).wait(), 2);
    assert_eq!(*client.boxed(&2).wait(), 2);
    assert_eq!(Store::get(&client, &1).wait(), Some(&2));
    assert_eq!(Store::<u8>::size(&client).wait(), 1);
    assert_eq!(client.put(1, 2).wait(), "1 2");
    let object: Arc<dyn Object<u8>> = Arc::new(client);
    assert_eq!(object.get(&1, "other").wait(), "other");
    assert_eq!(object.name().wait(), "object");
    assert_eq!(object.shared().wait(), 1);
    assert_eq!(Store::<u8>::close(Client(1)).wait(), 2);
    assert_eq!(Client(1).by_value().wait(), 1);
}
