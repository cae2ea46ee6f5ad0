//! A blocking twin has the shape of its client, whatever that is.

#![allow(clippy::needless_arbitrary_self_type, reason = "each way to write a receiver is tested")]

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::fmt::{Debug, Display};
use std::future::Future;
use std::io;
use std::rc::Rc;

use smartasync::{Bridge, smartasync};
use tokio::task::yield_now;

use crate::probe::has;

#[derive(Clone, Debug, Default, PartialEq)]
struct Store {
    items: Vec<String>,
}

struct Key {
    name: &'static str,
}

type Answer<T> = Result<T, String>;

#[smartasync(blocking, derive(Clone, Debug, Default, PartialEq))]
impl Store {
    pub(crate) const EMPTY: Self = Store { items: Vec::new() };
    pub(crate) const MAYBE: Option<Store> = Some(Self::EMPTY);
    pub(crate) const SIZE: usize = 2;
    const PRIVATE: usize = 3;

    pub(crate) const fn new() -> Self {
        Self::EMPTY
    }

    pub(crate) const fn checked(full: bool) -> Result<Option<Self>, usize> {
        if full { Err(Self::PRIVATE) } else { Ok(Some(Self::EMPTY)) }
    }

    pub(crate) const fn sized(self) -> Self {
        self
    }

    pub(crate) async fn open(item: &str) -> Self {
        yield_now().await;
        Store { items: vec![item.to_owned()] }
    }

    pub(crate) async fn try_open(item: &str) -> io::Result<Self> {
        if item.is_empty() {
            Err(io::ErrorKind::NotFound.into())
        } else {
            Ok(Self::open(item).await)
        }
    }

    pub(crate) async fn find(item: &str) -> Option<Store> {
        Self::try_open(item).await.ok()
    }

    pub(crate) async fn answer(item: &str) -> Answer<Result<Self, ()>> {
        Self::try_open(item).await.map(Ok).map_err(|error| error.kind().to_string())
    }

    pub(crate) async fn all(items: &[&str]) -> Vec<Self> {
        let mut stores = Vec::new();
        for item in items {
            stores.push(Self::open(item).await);
        }
        stores
    }

    pub(crate) async fn clients(items: &[&str]) -> Vec<Store> {
        Self::all(items).await
    }

    pub(crate) async fn get(&self, index: usize) -> Option<&str> {
        self.items.get(index).map(String::as_str)
    }

    pub(crate) async fn push(&mut self, item: impl Into<String>) -> Result<&mut Store, usize> {
        yield_now().await;
        if self.items.len() == Self::SIZE {
            return Err(self.items.len());
        }
        self.items.push(item.into());
        Ok(self)
    }

    pub(crate) async fn with(mut self, item: &str) -> Self {
        self.push(item).await.map(drop).unwrap_or_default();
        self
    }

    pub(crate) async fn typed(self: &mut Self, other: &Self) -> usize {
        self.items.extend_from_slice(&other.items);
        self.items.len()
    }

    pub(crate) async fn first_two(self: Self) -> [Option<String>; Self::SIZE] {
        let mut items = self.items.into_iter();
        [items.next(), items.next()]
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    async fn private(self: std::sync::Arc<Self>) {}
}

#[test]
fn what_makes_a_client_makes_a_twin() {
    const NEW: BlockingStore = BlockingStore::new();
    assert_eq!((NEW.len(), BlockingStore::EMPTY), (0, NEW));
    assert_eq!(BlockingStore::MAYBE, Some(Store::EMPTY));
    assert_eq!(BlockingStore::checked(false), Ok(Some(NEW)));
    assert_eq!(BlockingStore::checked(true), Err(3));
    assert_eq!(BlockingStore::default().sized(), NEW);
    assert_eq!(BlockingStore::open("a").get(0), Some("a"));
    let not_found = BlockingStore::try_open("").unwrap_err();
    assert_eq!(not_found.kind(), io::ErrorKind::NotFound);
    assert_eq!(BlockingStore::find("a").unwrap().len(), 1);
    assert_eq!(BlockingStore::answer("a").unwrap().unwrap().len(), 1);
    assert_eq!(BlockingStore::answer(""), Err("entity not found".to_owned()));
}

#[test]
fn elsewhere_the_name_of_the_client_is_the_client() {
    let stores: Vec<Store> = BlockingStore::clients(&["a", "b"]);
    assert_eq!(stores[1].get(0).wait(), Some("b"));
    let mut twin = BlockingStore::open("a");
    let client: &mut Store = twin.push("b").unwrap();
    assert_eq!(client.push("c").wait(), Err(2));
    assert_eq!(twin.typed(&stores[1]), 3);
    assert_eq!(twin.typed(stores[1].as_twin().as_ref()), 4);
    std::sync::Arc::new(Store::EMPTY).private().wait();
}

impl Store {
    fn as_twin(&self) -> BlockingStore {
        self.clone().into()
    }
}

#[test]
fn every_receiver_by_which_a_twin_has_its_client() {
    let mut twin = BlockingStore::new().with("a").with("b");
    assert_eq!(twin.push("c"), Err(2));
    assert_eq!((twin.len(), twin.get(1)), (2, Some("b")));
    assert_eq!(twin.clone().first_two(), [Some("a".to_owned()), Some("b".to_owned())]);
    assert_eq!(Store::from(twin).items, ["a", "b"]);
}

#[derive(Debug)]
struct Typed<'a, T: ?Sized, const N: usize>
where
    T: Display,
{
    prefix: &'a str,
    item: &'a T,
}

#[smartasync(blocking = Shown)]
impl<'a, T, const N: usize> Typed<'a, T, N>
where
    T: Display + ?Sized,
{
    pub(crate) const N: usize = N;

    pub(crate) fn new(prefix: &'a str, item: &'a T) -> Typed<'a, T, N> {
        Typed { prefix, item }
    }

    pub(crate) async fn show(&self, suffix: &str) -> String {
        format!("{}{}{suffix}", self.prefix, self.item)
    }

    pub(crate) async fn prefix(&self) -> &'a str {
        self.prefix
    }

    pub(crate) async fn shorter<'b>(&'b self, other: &'b str) -> &'b str
    where
        'a: 'b,
    {
        if other.len() < self.prefix.len() { other } else { self.prefix }
    }

    pub(crate) async fn parse<U: std::str::FromStr, const M: usize>(&self) -> [Option<U>; M] {
        [(); M].map(|()| self.item.to_string().parse().ok())
    }

    pub(crate) async fn each<F>(&self, times: usize, mut call: F) -> usize
    where
        F: FnMut(&T) -> bool,
    {
        (0..times).filter(|_| call(self.item)).count()
    }

    pub(crate) async fn characters(
        &self,
        items: impl IntoIterator<Item = char>,
    ) -> impl Iterator<Item = char> {
        items.into_iter().collect::<Vec<_>>().into_iter()
    }

    pub(crate) async fn many(&self) -> Vec<Self> {
        vec![Typed { ..*self }]
    }
}

#[test]
fn a_generic_client() {
    let prefix = String::from("number ");
    let shown = Shown::<_, 2>::new(&prefix, &1);
    assert_eq!(shown.show("!"), "number 1!");
    assert_eq!(shown.parse::<u8, 2>(), [Some(1), Some(1)]);
    assert_eq!(shown.each(3, |item| *item == 1), 3);
    assert_eq!(shown.characters(['a', 'b']).collect::<String>(), "ab");
    assert_eq!(shown.shorter("n"), "n");
    assert_eq!((shown.many()[0].show("?"), Shown::<u8, 2>::N), ("number 1?".to_owned(), 2));
    assert_eq!(format!("{shown:?}"), "Shown { .. }");
    let long = {
        let moved = shown;
        moved.prefix()
    };
    assert_eq!(long, "number ");
    assert_eq!(Shown::<str, 0>::new("a ", "str").show(""), "a str");
}

/// Its methods return it inside every type that a client can be taken out of.
#[derive(Clone, Debug, PartialEq)]
struct Part(u32);

type Answered<T> = Result<T, u8>;
type ByName<T> = HashMap<&'static str, T>;
type Second<A, B> = (A, B);
type Maybe<T> = Option<T>;
type Two<T> = [T; 2];
type Owned<T> = Box<T>;
type Slice<T> = Box<[T]>;
type List<T> = Vec<T>;
type Queue<T> = VecDeque<T>;
type ByNumber<T> = std::collections::BTreeMap<u32, T>;

#[smartasync(blocking, derive(Debug, PartialEq))]
impl Part {
    pub(crate) const SIZE: usize = 2;

    pub(crate) async fn alias(number: u32) -> Answered<Self> {
        if number == 0 { Err(1) } else { Ok(Part(number)) }
    }

    pub(crate) async fn pair(self) -> (Self, u32) {
        let number = self.0;
        (self, number)
    }

    pub(crate) async fn single(self) -> (Self,) {
        (self,)
    }

    pub(crate) async fn back(self, keep: bool) -> Result<u32, (Self, &'static str)> {
        if keep { Ok(self.0) } else { Err((self, "not kept")) }
    }

    pub(crate) fn both(self) -> Result<Self, Box<Self>> {
        if self.0 == 0 { Err(Box::new(self)) } else { Ok(self) }
    }

    pub(crate) async fn boxed(self) -> Box<Self> {
        Box::new(self)
    }

    pub(crate) async fn array(self) -> [Self; Self::SIZE] {
        [Part(1), self]
    }

    pub(crate) async fn slice(self) -> Box<[Self]> {
        Box::new([self])
    }

    pub(crate) async fn deep(self) -> io::Result<Vec<Option<(u8, Self)>>> {
        Ok(vec![Some((1, self)), None])
    }

    pub(crate) fn queue(self) -> VecDeque<Self> {
        VecDeque::from([self])
    }

    pub(crate) async fn by_name(self) -> ByName<Self> {
        ByName::from([("a", self)])
    }

    pub(crate) async fn by_number(self) -> std::collections::BTreeMap<u32, Self> {
        [(self.0, self)].into()
    }

    pub(crate) async fn clients(self) -> (Part, Vec<Part>, Second<Part, u8>) {
        (self.clone(), vec![self.clone()], (self, 1))
    }

    pub(crate) async fn maybe(self) -> Maybe<Self> {
        (self.0 > 0).then_some(self)
    }

    pub(crate) async fn two(self) -> Two<Self> {
        [self, Part(1)]
    }

    pub(crate) async fn owned(self) -> Owned<Self> {
        Box::new(self)
    }

    pub(crate) async fn aliased_slice(self) -> Slice<Self> {
        Box::new([self])
    }

    pub(crate) async fn list(self) -> List<Self> {
        vec![self]
    }

    pub(crate) async fn aliased_queue(self) -> Queue<Self> {
        Queue::from([self])
    }

    pub(crate) async fn aliased_by_number(self) -> ByNumber<Self> {
        [(self.0, self)].into()
    }

    pub(crate) async fn others(
        &self,
    ) -> (Vec<u32>, [u8; Self::SIZE], <Vec<Part> as IntoIterator>::Item) {
        (vec![self.0], [0; Self::SIZE], self.clone())
    }
}

#[test]
fn self_is_the_twin_in_every_type_that_a_client_can_be_taken_out_of() {
    let twin = || BlockingPart::from(Part(3));
    assert_eq!(BlockingPart::alias(3), Ok(twin()));
    assert_eq!(BlockingPart::alias(0), Err(1));
    assert_eq!(twin().pair(), (twin(), 3));
    assert_eq!(twin().single(), (twin(),));
    assert_eq!((twin().back(true), twin().back(false)), (Ok(3), Err((twin(), "not kept"))));
    assert_eq!(twin().both(), Ok(twin()));
    let zero = || BlockingPart::from(Part(0));
    assert_eq!(zero().both(), Err(Box::new(zero())));
    assert_eq!(*twin().boxed(), twin());
    assert_eq!(twin().array()[1], twin());
    assert_eq!(*twin().slice(), [twin()]);
    assert_eq!(twin().deep().unwrap(), [Some((1, twin())), None]);
    assert_eq!(twin().queue(), [twin()]);
    assert_eq!(twin().by_name(), ByName::from([("a", twin())]));
    assert_eq!(twin().by_number(), [(3, twin())].into());
    assert_eq!(twin().clients(), (Part(3), vec![Part(3)], (Part(3), 1)));
    assert_eq!(twin().others(), (vec![3], [0, 0], Part(3)));
}

#[test]
fn an_alias_of_such_a_type_is_as_good() {
    let twin = || BlockingPart::from(Part(3));
    assert_eq!((twin().maybe(), BlockingPart::from(Part(0)).maybe()), (Some(twin()), None));
    assert_eq!(twin().two(), [twin(), BlockingPart::from(Part(1))]);
    assert_eq!(*twin().owned(), twin());
    assert_eq!(*twin().aliased_slice(), [twin()]);
    assert_eq!(twin().list(), [twin()]);
    assert_eq!(twin().aliased_queue(), [twin()]);
    assert_eq!(twin().aliased_by_number(), [(3, twin())].into());
}

struct Elided<'a, T>(&'a RefCell<T>);

#[smartasync(blocking)]
impl<T> Elided<'_, Vec<T>>
where
    Self: Sized,
{
    pub(crate) async fn push(&self, item: T) -> usize {
        self.0.borrow_mut().push(item);
        yield_now().await;
        self.0.borrow().len()
    }

    pub(crate) async fn again(&self) -> Result<Self, ()> {
        Ok(Elided(self.0))
    }
}

#[test]
fn a_client_whose_lifetimes_have_no_names() {
    let items = RefCell::new(vec![1]);
    let twin = BlockingElided::from(Elided(&items));
    assert_eq!(twin.push(2), 2);
    assert_eq!(twin.again().unwrap().push(3), 3);
    assert_eq!(items.into_inner(), [1, 2, 3]);
}

#[derive(Debug)]
struct Unused(u32);

/// A lifetime that the type does not have.
#[smartasync(blocking)]
impl<'a> Unused {
    pub(crate) async fn first(&'a self, other: &'a u32) -> &'a u32 {
        if self.0 > *other { &self.0 } else { other }
    }
}

#[test]
fn a_lifetime_of_the_block_alone() {
    assert_eq!(*BlockingUnused::from(Unused(1)).first(&2), 2);
}

#[derive(Debug)]
struct Mixed {
    log: Vec<&'static str>,
}

/// Has all kinds of methods.
#[smartasync(blocking, on = Bridge::shared())]
#[cfg(not(any()))]
#[allow(clippy::needless_pass_by_value)]
impl Mixed {
    #![expect(unused_variables)]

    #[smartasync(boxed)]
    pub(crate) async fn depth(&self, left: u32) -> u32 {
        if left == 0 { 0 } else { self.depth(left - 1).await + 1 }
    }

    #[smartasync(offload)]
    pub(crate) fn hash(self, (factor, _): (usize, u8)) -> (usize, std::thread::ThreadId) {
        (self.log.len() * factor, std::thread::current().id())
    }

    #[tracing::instrument(skip_all)]
    pub(crate) async fn traced(&self) -> Option<&'static str> {
        yield_now().await;
        tracing::Span::current().metadata().map(|metadata| metadata.name())
    }

    pub(crate) async fn patterns(
        &mut self,
        Key { name }: Key,
        mut times: u32,
        ref end: String,
        _: Rc<u8>,
    ) -> u32 {
        self.log.push(name);
        times += 1;
        times + u32::try_from(end.len()).unwrap()
    }

    #[cfg(any())]
    pub(crate) async fn absent(&self, unknown: Unknown) -> u32 {
        0
    }

    #[cfg(not(any()))]
    pub(crate) async fn absent(
        &self,
        #[cfg(any())] unknown: Unknown,
        #[cfg(not(any()))] known: u32,
        #[cfg(not(any()))]
        #[cfg(any())]
        other: Unknown,
        #[cfg_attr(not(any()), allow(unused_variables))] unused: u32,
    ) -> u32 {
        known
    }

    #[deprecated = "old"]
    #[must_use]
    #[inline]
    #[cfg_attr(not(any()), doc = "Conditional.")]
    pub(crate) async fn old(&self, unused: u32) -> u32 {
        1
    }

    pub(crate) async fn r#type(&self, r#match: u32) -> u32 {
        r#match
    }

    pub(crate) async fn never(&self) -> ! {
        panic!("a panic that the test wants")
    }
}

#[test]
fn options_and_attributes_of_methods() {
    let mut twin = BlockingMixed::from(Mixed { log: Vec::new() });
    assert_eq!(twin.depth(3), 3);
    assert_eq!(twin.patterns(Key { name: "a" }, 1, "b".into(), Rc::new(1)), 3);
    assert_eq!(twin.absent(4, 5), 4);
    #[expect(deprecated)]
    let old = twin.old(1);
    assert_eq!((old, twin.r#type(2)), (1, 2));
    tracing::subscriber::with_default(tracing_subscriber::registry(), || {
        assert_eq!(twin.traced(), Some("traced"));
    });
    assert_eq!(format!("{twin:?}"), "BlockingMixed { .. }");
    assert_eq!(twin.hash((2, 0)), (2, std::thread::current().id()));
    let twin = BlockingMixed::from(Mixed { log: Vec::new() });
    let panicked = std::panic::catch_unwind(|| twin.never());
    assert_eq!(panicked.unwrap_err().downcast_ref(), Some(&"a panic that the test wants"));
}

mod apart {
    //! A client whose methods are in several blocks, and which is visible elsewhere.

    use super::*;

    #[derive(Debug)]
    pub(crate) struct Pair<T, U>(pub(crate) T, pub(crate) U);

    #[smartasync(blocking = pub(crate) Both, derive(Debug))]
    impl<T, U> Pair<T, U> {
        pub(super) async fn swap(self) -> Pair<U, T> {
            Pair(self.1, self.0)
        }
    }

    pub(crate) mod below {
        use super::*;

        #[smartasync(blocking = Both, extend)]
        impl<U: Debug> Pair<&str, U> {
            pub(crate) async fn text(&self) -> String {
                format!("{} {:?}", self.0, self.1)
            }
        }
    }
}

#[test]
fn a_twin_with_the_methods_of_several_blocks() {
    let twin: apart::Both<_, _> = apart::Pair("a", Some(1)).into();
    assert_eq!(twin.text(), "a Some(1)");
    assert_eq!(twin.swap().1, "a");
}

#[test]
fn a_twin_is_send_when_its_client_is() {
    let cell = RefCell::new(vec![1]);
    let twin = BlockingElided::from(Elided(&cell));
    assert_eq!((has!(Send, twin), has!(Send, BlockingStore::new())), (false, true));
}

macro_rules! client {
    ($name:ident, $twin:ident, $ty:ty) => {
        #[derive(Debug)]
        struct $name(u32);

        #[smartasync(blocking = $twin)]
        impl $ty {
            pub(crate) async fn made(number: u32) -> Self {
                $crate::blocking_shapes::Made(number)
            }

            pub(crate) async fn number(&self) -> u32 {
                self.0
            }
        }
    };
}

client!(Made, BlockingMade, Made);

#[test]
fn a_client_that_a_macro_makes() {
    assert_eq!(BlockingMade::made(2).number(), 2);
}

#[derive(Debug)]
struct Opened(u32);

macro_rules! opened {
    ($answer:ty) => {
        #[smartasync(blocking)]
        impl Opened {
            pub(crate) async fn open(number: u32) -> $answer {
                if number == 0 { Err("zero") } else { Ok(Opened(number)) }
            }
        }
    };
}

opened!(Result<Self, &'static str>);

#[test]
fn an_answer_that_a_macro_takes() {
    let twin: BlockingOpened = BlockingOpened::open(2).unwrap();
    assert_eq!(twin.as_ref().0, 2);
    assert_eq!(BlockingOpened::open(0).err(), Some("zero"));
}

#[derive(Debug)]
struct Refused(u32);

#[smartasync(blocking, derive(Debug))]
impl Refused {
    pub(crate) async fn ask(number: u32) -> Result<u32, Option<Refused>> {
        if number == 0 { Err(Some(Refused(number))) } else { Ok(number) }
    }
}

#[test]
fn an_error_that_may_be_a_client() {
    let refused: Option<BlockingRefused> = BlockingRefused::ask(0).unwrap_err();
    assert_eq!(refused.unwrap().as_ref().0, 0);
}

#[derive(Debug)]
struct Later;

/// Has a bridge, and no `async fn`.
#[smartasync(blocking, on = Bridge::shared())]
impl Later {
    pub(crate) fn number(&self) -> impl Future<Output = u32> {
        Box::pin(async {
            yield_now().await;
            1
        })
    }
}

#[test]
fn a_bridge_where_nothing_is_an_async_fn() {
    assert_eq!(BlockingLater::from(Later).number(), 1);
}

#[derive(Debug)]
struct Sizes;

#[smartasync(blocking)]
impl Sizes {
    pub(crate) async fn of<T, const N: usize>(&self) -> usize {
        N * size_of::<T>()
    }
}

#[test]
fn type_arguments_that_nothing_infers() {
    assert_eq!(BlockingSizes::from(Sizes).of::<u16, 3>(), 6);
}

#[derive(Debug)]
struct OwnBridge {
    bridge: Bridge,
}

#[smartasync(blocking, on = Bridge::clone(&self.bridge))]
impl OwnBridge {
    pub(crate) async fn number(&self) -> u32 {
        yield_now().await;
        1
    }
}

#[test]
fn a_bridge_that_borrows_the_client() {
    assert_eq!(BlockingOwnBridge::from(OwnBridge { bridge: Bridge::shared() }).number(), 1);
}

mod visible {
    pub(super) mod inside {
        //! Twins that more code sees than most of their methods.

        use smartasync::smartasync;

        pub(crate) struct Wide;

        #[smartasync(blocking)]
        impl Wide {
            pub(in crate::blocking_shapes::visible) async fn first(&self) {}

            pub(crate) async fn number(&self) -> u32 {
                self.first().await;
                self.last().await;
                1
            }

            pub(in crate::blocking_shapes::visible) async fn last(&self) {}
        }

        pub(crate) struct Near;

        #[smartasync(blocking)]
        impl Near {
            pub(super) async fn first(&self) {}

            pub(in crate::blocking_shapes) async fn number(&self) -> u32 {
                self.first().await;
                self.last().await;
                2
            }

            pub(super) async fn last(&self) {}
        }

        pub(crate) struct Hidden;

        #[smartasync(blocking = pub(crate) Shown)]
        impl Hidden {
            pub(super) async fn number(&self) -> u32 {
                3
            }
        }
    }

    pub(super) fn number(twin: &inside::Shown) -> u32 {
        twin.number()
    }
}

#[test]
fn a_twin_is_as_visible_as_its_most_visible_method() {
    let wide: visible::inside::BlockingWide = visible::inside::Wide.into();
    let near: visible::inside::BlockingNear = visible::inside::Near.into();
    let shown: visible::inside::Shown = visible::inside::Hidden.into();
    assert_eq!((wide.number(), near.number(), visible::number(&shown)), (1, 2, 3));
}
