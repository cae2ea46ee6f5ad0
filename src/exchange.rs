//! How a blocking twin's method exchanges a client that is inside another type.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{BuildHasher, Hash};

/// Something that owns values of type `A`, each of which can be exchanged for one of type `B`: a client for its twin.
///
/// This is a trait, and not a match in the macro, because an alias hides the type from the macro.
#[diagnostic::on_unimplemented(
    message = "the twin of a client cannot be made in `{Self}`",
    label = "say `{A}` in place of `Self` if the client is meant",
    note = "it can be made in an `Option`, a `Result`, a tuple, an array, a `Box`, a `Vec`, a `VecDeque`, and as a value of \
            a `HashMap` or a `BTreeMap`"
)]
pub trait Exchange<A, B> {
    /// The same type, with the other values.
    type Exchanged;

    /// Exchanges each value.
    fn exchange(self, exchange: impl FnMut(A) -> B) -> Self::Exchanged;
}

impl<A, B> Exchange<A, B> for Option<A> {
    type Exchanged = Option<B>;

    fn exchange(self, exchange: impl FnMut(A) -> B) -> Option<B> {
        self.map(exchange)
    }
}

impl<A, B, E> Exchange<A, B> for Result<A, E> {
    type Exchanged = Result<B, E>;

    fn exchange(self, exchange: impl FnMut(A) -> B) -> Result<B, E> {
        self.map(exchange)
    }
}

impl<A, B, const N: usize> Exchange<A, B> for [A; N] {
    type Exchanged = [B; N];

    fn exchange(self, exchange: impl FnMut(A) -> B) -> [B; N] {
        self.map(exchange)
    }
}

impl<A, B> Exchange<A, B> for Box<A> {
    type Exchanged = Box<B>;

    fn exchange(self, mut exchange: impl FnMut(A) -> B) -> Box<B> {
        Box::new(exchange(*self))
    }
}

impl<A, B> Exchange<A, B> for Box<[A]> {
    type Exchanged = Box<[B]>;

    fn exchange(self, exchange: impl FnMut(A) -> B) -> Box<[B]> {
        self.into_iter().map(exchange).collect()
    }
}

impl<A, B> Exchange<A, B> for Vec<A> {
    type Exchanged = Vec<B>;

    fn exchange(self, exchange: impl FnMut(A) -> B) -> Vec<B> {
        self.into_iter().map(exchange).collect()
    }
}

impl<A, B> Exchange<A, B> for VecDeque<A> {
    type Exchanged = VecDeque<B>;

    fn exchange(self, exchange: impl FnMut(A) -> B) -> VecDeque<B> {
        self.into_iter().map(exchange).collect()
    }
}

impl<K: Ord, A, B> Exchange<A, B> for BTreeMap<K, A> {
    type Exchanged = BTreeMap<K, B>;

    fn exchange(self, mut exchange: impl FnMut(A) -> B) -> BTreeMap<K, B> {
        self.into_iter().map(|(key, value)| (key, exchange(value))).collect()
    }
}

impl<K: Eq + Hash, A, B, S: BuildHasher + Default> Exchange<A, B> for HashMap<K, A, S> {
    type Exchanged = HashMap<K, B, S>;

    fn exchange(self, mut exchange: impl FnMut(A) -> B) -> HashMap<K, B, S> {
        self.into_iter().map(|(key, value)| (key, exchange(value))).collect()
    }
}

/// Checks that a method which returns `&mut Self` has returned what it was called on: its twin returns itself.
///
/// # Panics
///
/// When it has returned another client.
#[track_caller]
pub fn check_same<C>(returned: *const C, called: &C) {
    assert!(
        std::ptr::eq(returned, called),
        "the method has returned another client than the one it was called on, of which there is no twin: say the \
         client's name in place of `Self` in what it returns"
    );
}
