//! Trees of contexts, and how they are generated.

use proptest::prelude::*;

/// A runtime flavour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavour {
    Current,
    Multi,
}

/// Code that is not a future. Nodes that would block are skipped where it must not block.
#[derive(Clone, Debug)]
pub(crate) enum Sync {
    Nothing,
    Then(Box<Sync>, Box<Sync>),
    Thread(Box<Sync>),
    Enter(Flavour, Box<Sync>),
    BlockInPlace(Box<Sync>),
    /// `Runtime::block_on`.
    BlockOn(Flavour, Box<Async>),
    /// `Handle::block_on` of a current-thread runtime that another thread drives.
    HandleBlockOn(Box<Async>),
    /// `Runtime::block_on` of a current-thread runtime that another thread drives.
    SecondBlockOn(Box<Async>),
    LocalSet(Flavour, Box<Async>),
    LocalRuntime(Box<Async>),
    /// `.wait()` of a call.
    Wait(Bridge, Box<Async>),
    /// Takes a lock that another thread holds while it waits for a call.
    Lock(Bridge, Box<Sync>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bridge {
    Default,
    Private,
    /// A private bridge with `Nested::BlockInPlace`.
    Nested,
    /// A private bridge with a single runtime, which all threads share.
    Single,
    FromHandle,
    /// A bridge with a background runtime and `Nested::Park`.
    Park,
}

/// Code in a future.
#[derive(Clone, Debug)]
pub(crate) enum Async {
    Nothing,
    Then(Box<Async>, Box<Async>),
    YieldNow(Box<Async>),
    /// Sync code called from the future.
    Sync(Box<Sync>),
    Task(Box<Async>),
    LocalTask(Box<Async>),
    SpawnBlocking(Box<Sync>),
    /// `.await` of a call.
    Call(Box<Async>),
    Select(Box<Async>, Box<Async>),
    Join(Box<Async>, Box<Async>),
    Unconstrained(Box<Async>),
}

const DEPTH: usize = 6;

/// Trees of at most `DEPTH` levels below the root.
pub(crate) fn trees() -> impl Strategy<Value = Sync> {
    let mut sync = Just(Sync::Nothing).boxed();
    let mut asynchronous = Just(Async::Nothing).boxed();
    for _ in 0..DEPTH {
        let (s, a) = (sync, asynchronous);
        sync = sync_code(s.clone(), a.clone()).boxed();
        asynchronous = async_code(s, a).boxed();
    }
    sync
}

fn sync_code(
    s: impl Strategy<Value = Sync> + Clone + 'static,
    a: impl Strategy<Value = Async> + Clone + 'static,
) -> impl Strategy<Value = Sync> {
    let s = s.prop_map(Box::new).boxed();
    let a = a.prop_map(Box::new).boxed();
    prop_oneof![
        1 => Just(Sync::Nothing),
        1 => (s.clone(), s.clone()).prop_map(|(one, other)| Sync::Then(one, other)),
        2 => s.clone().prop_map(Sync::Thread),
        2 => (flavour(), s.clone()).prop_map(|(flavour, s)| Sync::Enter(flavour, s)),
        1 => (bridge(), s.clone()).prop_map(|(bridge, s)| Sync::Lock(bridge, s)),
        4 => s.prop_map(Sync::BlockInPlace),
        3 => (flavour(), a.clone()).prop_map(|(flavour, a)| Sync::BlockOn(flavour, a)),
        1 => a.clone().prop_map(Sync::HandleBlockOn),
        1 => a.clone().prop_map(Sync::SecondBlockOn),
        2 => (flavour(), a.clone()).prop_map(|(flavour, a)| Sync::LocalSet(flavour, a)),
        1 => a.clone().prop_map(Sync::LocalRuntime),
        6 => (bridge(), a).prop_map(|(bridge, a)| Sync::Wait(bridge, a)),
    ]
}

fn async_code(
    s: impl Strategy<Value = Sync> + Clone + 'static,
    a: impl Strategy<Value = Async> + Clone + 'static,
) -> impl Strategy<Value = Async> {
    let s = s.prop_map(Box::new).boxed();
    let a = a.prop_map(Box::new).boxed();
    prop_oneof![
        1 => Just(Async::Nothing),
        1 => (a.clone(), a.clone()).prop_map(|(one, other)| Async::Then(one, other)),
        2 => a.clone().prop_map(Async::YieldNow),
        6 => s.clone().prop_map(Async::Sync),
        3 => a.clone().prop_map(Async::Task),
        3 => a.clone().prop_map(Async::LocalTask),
        4 => s.prop_map(Async::SpawnBlocking),
        2 => a.clone().prop_map(Async::Call),
        1 => (a.clone(), a.clone()).prop_map(|(one, other)| Async::Select(one, other)),
        1 => (a.clone(), a.clone()).prop_map(|(one, other)| Async::Join(one, other)),
        2 => a.prop_map(Async::Unconstrained),
    ]
}

fn flavour() -> impl Strategy<Value = Flavour> + Clone {
    prop_oneof![Just(Flavour::Current), Just(Flavour::Multi)]
}

fn bridge() -> impl Strategy<Value = Bridge> + Clone {
    prop_oneof![
        3 => Just(Bridge::Default),
        1 => Just(Bridge::Private),
        1 => Just(Bridge::Nested),
        1 => Just(Bridge::Single),
        1 => Just(Bridge::FromHandle),
        2 => Just(Bridge::Park),
    ]
}
