//! A decorated function behaves like the `async fn` that it replaces: size, `Send`, `Unpin`, borrows, names.

use std::cell::Cell;
use std::fmt::{Debug, Display};
use std::future::IntoFuture;
use std::marker::PhantomPinned;
use std::mem::size_of_val;
use std::rc::Rc;

use smartasync::smartasync;
use tokio::task::yield_now;

use crate::probe::has;

/// Emits each function twice, and compares the futures of the two.
macro_rules! same_futures {
    ($($name:ident: async fn $function:ident $arguments:tt $(-> $output:ty)? $body:block
       with $call:tt is $send:literal;)*) => {
        mod plain {
            use super::*;
            $(pub(crate) async fn $function $arguments $(-> $output)? $body)*
        }

        mod decorated {
            use super::*;
            $(#[smartasync] pub(crate) async fn $function $arguments $(-> $output)? $body)*
        }

        $(
            #[test]
            fn $name() {
                let word = size_of::<usize>();
                // A `match`, so that what the arguments borrow lives until its end.
                match (plain::$function $call, decorated::$function $call) {
                    (plain, call) => {
                        assert_eq!((has!(Send, plain), has!(Send, call)), ($send, $send));
                        assert_eq!((has!(Unpin, plain), has!(Unpin, call)), (false, false));
                        let limit = size_of_val(&plain) + 2 * word;
                        let awaited = call.into_future();
                        assert_eq!(has!(Send, awaited), $send);
                        assert!(size_of_val(&awaited) <= limit, "{}", size_of_val(&awaited));
                    }
                }
            }
        )*
    };
}

same_futures! {
    no_arguments: async fn none() { yield_now().await; } with () is true;

    references: async fn references(text: &str, count: &Cell<u32>) -> usize {
        yield_now().await;
        text.len() + count.get() as usize
    } with ("a", &Cell::new(1)) is false;

    by_value: async fn by_value(text: String, numbers: [u64; 32], _: u8, (one, _): (u64, Vec<u8>)) -> u64 {
        yield_now().await;
        text.len() as u64 + numbers[0] + one
    } with (String::new(), [0; 32], 0, (1, Vec::new())) is true;

    unused: async fn unused(_buffer: [u8; 1024], _: [u8; 512]) {
        yield_now().await;
    } with ([0; 1024], [0; 512]) is true;

    not_send: async fn not_send(shared: Rc<u32>) -> u32 {
        yield_now().await;
        *shared
    } with (Rc::new(1)) is false;

    not_send_within: async fn not_send_within(number: u32) -> u32 {
        let shared = Rc::new(number);
        yield_now().await;
        *shared
    } with (1) is false;

    not_send_before: async fn not_send_before(number: u32) -> u32 {
        let length = Rc::new(number).to_string().len();
        yield_now().await;
        u32::try_from(length).unwrap()
    } with (1) is true;

    not_send_unused: async fn not_send_unused(_: Rc<u32>) {} with (Rc::new(1)) is false;

    large_output: async fn large_output(seed: u8) -> Result<[u8; 256], String> {
        yield_now().await;
        Ok([seed; 256])
    } with (1) is true;

    held_output: async fn held_output(seed: u8) -> [u8; 256] {
        let buffer = [seed; 256];
        yield_now().await;
        buffer
    } with (1) is true;

    nested: async fn nested(text: String) -> usize {
        let length = async { yield_now().await; text.len() }.await;
        let other = async move { yield_now().await; text }.await;
        length + other.len()
    } with (String::new()) is true;

    pinned: async fn pinned(pinned: PhantomPinned, generic: impl Debug) -> usize {
        yield_now().await;
        format!("{pinned:?} {generic:?}").len()
    } with (PhantomPinned, 1) is true;
}

struct Client {
    base: String,
    sent: Cell<u32>,
}

#[smartasync]
impl Client {
    const RETRIES: u32 = 2;

    /// `Self` and `self`, in closures, nested functions and blocks.
    async fn request(&self, path: &str) -> String {
        fn nested(client: &Client) -> &str {
            &client.base
        }

        struct Local<'a>(&'a Client);
        impl Local<'_> {
            fn this(&self) -> &Self {
                self
            }
        }

        let closure = |path: &str| {
            self.sent.set(self.sent.get() + Self::RETRIES);
            format!("{}/{path}", nested(self))
        };
        let block = async { Local(self).this().0.sent.get() };
        let Self { base, .. } = self;
        let text = closure(path);
        yield_now().await;
        format!("{text} {} {}", block.await, base.len())
    }

    async fn rebuild(self) -> Self {
        let rebuild = move || Self { base: self.base, sent: Cell::new(9) };
        yield_now().await;
        rebuild()
    }
}

#[test]
fn self_in_closures_and_nested_functions() {
    let client = Client { base: String::from("base"), sent: Cell::new(1) };
    assert_eq!(client.request("path").wait(), "base/path 3 4");
    assert_eq!(client.rebuild().wait().sent.get(), 9);
}

#[smartasync]
async fn higher_ranked<F>(text: &str, each: F, object: &dyn for<'x> Fn(&'x str) -> &'x str) -> usize
where
    F: for<'x> Fn(&'x str) -> &'x str,
{
    yield_now().await;
    object(each(text)).len()
}

#[smartasync]
async fn called_back<F>(numbers: &mut Vec<u32>, mut each: F) -> u32
where
    F: AsyncFnMut(&mut u32) -> u32,
{
    let mut total = 0;
    for number in numbers {
        total += each(number).await;
    }
    total
}

/// An async closure lends from its captures; the calls in it may be decorated.
#[test]
fn higher_ranked_lifetimes() {
    assert_eq!(higher_ranked(" a ", str::trim, &|text| &text[..0]).wait(), 0);
    let mut numbers = vec![1, 2];
    let total = called_back(&mut numbers, async |number: &mut u32| {
        *number += 1;
        identity(*number).await
    });
    assert_eq!(total.wait(), 5);
    assert_eq!(numbers, [2, 3]);
}

#[smartasync]
async fn identity<T>(value: T) -> T {
    value
}

/// Each borrow ends where it would end with the `async fn`.
#[test]
fn borrows_end_with_the_call() {
    #[smartasync]
    async fn first<'a>(one: &'a str, other: &mut String) -> &'a str {
        other.push('!');
        one
    }

    let text = String::from("text");
    let borrowed;
    {
        let mut other = String::from("other");
        borrowed = first(&text, &mut other).wait();
        other.push('?');
        assert_eq!(other, "other!?");
    }
    assert_eq!(borrowed, "text");
}

#[smartasync]
async fn chunks<T, const N: usize, const FULL: bool>(items: &[T]) -> Option<[&T; N]>
where
    T: Debug,
{
    let mut items = items.iter();
    let mut chunk = [None; N];
    for slot in &mut chunk {
        *slot = items.next();
    }
    if FULL && items.next().is_some() {
        return None;
    }
    chunk.iter().all(Option::is_some).then(|| chunk.map(|item| item.expect("all are there")))
}

#[test]
fn const_generics() {
    assert_eq!(chunks::<_, 2, false>(&[1, 2, 3]).wait(), Some([&1, &2]));
    assert_eq!(chunks::<_, 2, true>(&[1, 2, 3]).wait(), None);
    assert_eq!(chunks::<u8, 1, true>(&[]).wait(), None);
}

/// The error type is known only from the signature.
#[smartasync]
async fn question_marks(text: &str) -> Result<impl Display, Box<dyn std::error::Error>> {
    let parse = |text: &str| text.parse::<u32>();
    let block = async { Ok::<_, std::fmt::Error>(parse(text)) };
    let number = block.await??;
    Err("zero").or_else(|error| if number == 0 { Err(error) } else { Ok(()) })?;
    std::str::from_utf8(b"a")?;
    Ok(number)
}

/// Values in the body are coerced to the types in the signature.
#[smartasync]
async fn coerced(kind: u32) -> Option<Box<dyn Fn(u32) -> u32>> {
    match kind {
        0 => return None,
        1 => return Some(Box::new(|number| number)),
        _ => {}
    }
    Some(Box::new(move |number| number + kind))
}

#[test]
fn types_are_inferred_from_the_signature() {
    assert_eq!(question_marks("12").wait().map(|shown| shown.to_string()).unwrap(), "12");
    let error = |text| question_marks(text).wait().map(|_| ()).unwrap_err().to_string();
    assert_eq!(error("0"), "zero");
    assert_eq!(error("a"), "invalid digit found in string");
    assert!(coerced(0).wait().is_none());
    assert_eq!([coerced(1), coerced(2)].map(|call| call.wait().unwrap()(2)), [2, 4]);
}

#[smartasync]
async fn never(text: &str) -> ! {
    yield_now().await;
    std::panic::panic_any(text.len())
}

#[smartasync(boxed)]
async fn never_boxed(text: &str) -> ! {
    never(text).await
}

#[smartasync]
async fn never_or(number: Option<u32>) -> u32 {
    match number {
        Some(number) => number,
        None => never("none").await,
    }
}

#[test]
fn a_function_that_does_not_return() {
    let panicked =
        |run: fn() -> u32| *std::panic::catch_unwind(run).unwrap_err().downcast::<usize>().unwrap();
    assert_eq!(4_usize, panicked(|| never("four").wait()));
    assert_eq!(3_usize, panicked(|| never_boxed("two").wait()));
    assert_eq!(never_or(Some(1)).wait(), 1);
}

/// No generated name conflicts with the user's, and none is taken away from the user.
#[smartasync]
async fn names(__output: u32, __arg1: u32, (call, __bridge): (u32, u32), smartasync: u32) -> u32 {
    let ready = __output + __arg1;
    let __future = call + __bridge + smartasync;
    ready + __future
}

#[smartasync]
async fn shadows(number: u32, text: &str, (first, number_two): (u32, u32)) -> String {
    let number = number + first;
    let text = format!("{text}{number}");
    {
        let number = "inner";
        yield_now().await;
        assert_eq!(number, "inner");
    }
    let number_two = number_two + number;
    format!("{text} {number_two}")
}

#[test]
fn names_and_shadows() {
    assert_eq!(names(1, 2, (3, 4), 5).wait(), 15);
    assert_eq!(shadows(1, "a", (2, 3)).wait(), "a3 6");
}

/// Functions that other macros generate: their names come from two places.
macro_rules! getter {
    ($name:ident, $argument:ident: $type:ty => $body:expr) => {
        #[smartasync]
        async fn $name(offset: u32, $argument: $type, (_first, second): (u32, u32)) -> u32 {
            yield_now().await;
            offset + $body + second
        }
    };
}

getter!(doubled, number: u32 => number * 2);
getter!(offset_of, offset: &str => u32::try_from(offset.len()).unwrap());

#[test]
fn functions_from_macros() {
    assert_eq!(doubled(1, 2, (0, 1)).wait(), 6);
    assert_eq!(offset_of(1, "ab", (0, 1)).wait(), 4);
}

/// Whole items that other macros pass through.
macro_rules! decorate {
    ($($item:item)*) => {
        $(#[smartasync] $item)*
    };
}

decorate! {
    async fn tripled(number: u32) -> u32 {
        number * 3
    }

    trait Tripled {
        async fn tripled(&self) -> u32;
    }

    impl Tripled for u32 {
        async fn tripled(&self) -> u32 {
            tripled(*self).await
        }
    }
}

#[test]
fn items_from_macros() {
    assert_eq!(2.tripled().wait(), 6);
}
