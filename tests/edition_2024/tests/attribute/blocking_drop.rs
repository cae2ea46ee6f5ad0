//! A twin drops its client inside a runtime. A client without a destructor costs the twin nothing.

use std::any::Any;
use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};
use std::fmt::Debug;
use std::hash::Hash;
use std::mem::{needs_drop, size_of};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use smartasync::{Bridge, Context, block_on, context, smartasync};
use tokio::runtime::{Handle, Id, Runtime};
use tokio::task::{LocalSet, unconstrained, yield_now};

use crate::probe::has;
use crate::support::{SaysGoodbye, current_thread, multi_thread, within_a_minute};

const A_WHILE: Duration = Duration::from_secs(30);

/// Spawns a task in its destructor that reports.
struct Polite {
    _goodbye: SaysGoodbye,
}

#[smartasync(blocking)]
impl Polite {
    pub(crate) async fn connect(told: Sender<Handle>) -> Self {
        yield_now().await;
        Polite { _goodbye: SaysGoodbye(told) }
    }

    pub(crate) fn new(told: Sender<Handle>) -> Self {
        Polite { _goodbye: SaysGoodbye(told) }
    }

    pub(crate) async fn close(self) {}
}

fn expect_task(tasks: &Receiver<Handle>) -> Id {
    tasks.recv_timeout(A_WHILE).expect("the task runs").id()
}

fn own_runtime() -> Id {
    block_on(async { Handle::current().id() })
}

#[test]
fn a_client_that_spawns_in_its_destructor_is_dropped_in_sync_code() {
    within_a_minute(|stage| {
        let (told, tasks) = channel();
        let make = || BlockingPolite::new(told.clone());

        stage.at("the first that this thread does");
        thread::scope(|scope| {
            scope.spawn(|| drop(make()));
        });
        expect_task(&tasks);

        stage.at("a plain thread");
        let own = own_runtime();
        drop(BlockingPolite::connect(told.clone()));
        assert_eq!(expect_task(&tasks), own);
        BlockingPolite::connect(told.clone()).close();
        assert_eq!(expect_task(&tasks), own);

        stage.at("a panic");
        let twin = make();
        let panics = || {
            let _twin = twin;
            panic_any("a panic that the test wants");
        };
        catch_unwind(AssertUnwindSafe(panics)).unwrap_err();
        assert_eq!(expect_task(&tasks), own);

        stage.at("one within another");
        drop((make(), vec![make(), make()], Some(make())));
        for _ in 0..4 {
            assert_eq!(expect_task(&tasks), own);
        }
        assert!(Handle::try_current().is_err(), "what was entered is left");

        stage.at("the `spawn_blocking` thread of a multi-thread runtime");
        let runtime = multi_thread();
        let twin = make();
        runtime.block_on(runtime.spawn_blocking(|| drop(twin))).unwrap();
        assert_eq!(expect_task(&tasks), runtime.handle().id());

        stage.at("the `spawn_blocking` thread of a current-thread runtime");
        let undriven = current_thread();
        let twin = make();
        undriven.block_on(undriven.spawn_blocking(|| drop(twin))).unwrap();
        // From now on nobody drives that runtime.
        assert_ne!(expect_task(&tasks), undriven.handle().id());
    });
}

#[test]
fn in_async_code_the_client_is_dropped_in_the_current_runtime() {
    within_a_minute(|stage| {
        let (told, tasks) = channel();
        for runtime in [current_thread(), multi_thread()] {
            for in_task in [false, true] {
                stage.at(format!("in a task: {in_task}, {runtime:?}"));
                let twin = BlockingPolite::new(told.clone());
                let dropped = async move { drop(twin) };
                // Waits until the task has reported: after this, nobody drives the runtime if it is a
                // current-thread one.
                let handle = runtime.block_on(async {
                    if in_task {
                        tokio::spawn(dropped).await.unwrap();
                    } else {
                        dropped.await;
                    }
                    loop {
                        match tasks.try_recv() {
                            Ok(handle) => break handle,
                            Err(_) => tokio::time::sleep(Duration::from_millis(1)).await,
                        }
                    }
                });
                assert_eq!(handle.id(), runtime.handle().id());
            }
        }

        stage.at("a call that is waited for");
        let twin = BlockingPolite::new(told.clone());
        let own = block_on(async move {
            drop(twin);
            Handle::current().id()
        });
        assert_eq!(expect_task(&tasks), own);

        stage.at("a call that another executor polls");
        let twin = BlockingPolite::new(told.clone());
        pollster::block_on(drop_awaited(twin));
        expect_task(&tasks);
    });
}

#[test]
fn where_a_poll_cannot_be_told_the_drop_does_not_block() {
    within_a_minute(|stage| {
        let (told, tasks) = channel();
        let make = || BlockingPolite::new(told.clone());
        // From now on the thread is ready for calls.
        let own = own_runtime();

        stage.at("`unconstrained` in a call");
        let twin = make();
        block_on(unconstrained(async { drop(twin) }));
        assert_eq!(expect_task(&tasks), own);

        stage.at("`unconstrained` in a `LocalSet` in a call");
        let twin = make();
        block_on(LocalSet::new().run_until(unconstrained(async { drop(twin) })));
        assert_eq!(expect_task(&tasks), own);

        stage.at("`unconstrained` in a task and in the root of a multi-thread runtime");
        let runtime = multi_thread();
        let (twin, other) = (make(), make());
        let task = runtime.spawn(unconstrained(async { drop(twin) }));
        runtime.block_on(unconstrained(async {
            drop(other);
            task.await.unwrap();
        }));
        for _ in 0..2 {
            assert_eq!(expect_task(&tasks), runtime.handle().id());
        }

        stage.at("a bridge that opens a section in a task");
        let twin = BlockingNested::from(Nested(SaysGoodbye(told.clone())));
        runtime.block_on(runtime.spawn(async { drop(twin) })).unwrap();
        assert_eq!(expect_task(&tasks), runtime.handle().id());
    });
}

static NESTED: LazyLock<Bridge> =
    LazyLock::new(|| Bridge::builder().nested(smartasync::Nested::BlockInPlace).build());

struct Nested(#[expect(dead_code, reason = "it is there to be dropped")] SaysGoodbye);

#[smartasync(blocking, on = NESTED)]
impl Nested {
    pub(crate) async fn nothing(&self) {}
}

#[smartasync]
async fn drop_awaited<T>(object: T) {
    yield_now().await;
    drop(object);
}

#[test]
fn a_twin_that_a_thread_local_holds_ends_with_its_thread() {
    thread_local! {
        static TWIN: RefCell<Option<BlockingPolite>> = const { RefCell::new(None) };
    }

    within_a_minute(|stage| {
        let (told, tasks) = channel();
        for call_first in [false, true] {
            stage.at(format!("a call before the thread-local is set up: {call_first}"));
            thread::scope(|scope| {
                scope.spawn(|| {
                    if call_first {
                        block_on(async {});
                    }
                    TWIN.set(Some(BlockingPolite::new(told.clone())));
                });
            });
            expect_task(&tasks);
        }
    });
}

#[test]
fn a_client_that_is_moved_out_is_dropped_by_whoever_has_it() {
    let bridge = &*PRIVATE_FOR_ONE;
    within_a_minute(|_| {
        let client = Counted::from(BlockingCounted::from(Counted { _text: String::new() }));
        drop(client);
        assert_eq!(bridge.stats().calls_on_own_runtime, 0);
        drop(BlockingCounted::from(Counted { _text: String::new() }));
        assert_eq!(bridge.stats().calls_on_own_runtime, 1);
        let mut twin = BlockingCounted::from(Counted { _text: String::new() });
        twin.as_mut()._text.push('a');
        assert_eq!(twin.text(), "a");
        assert_eq!(bridge.stats().calls_on_own_runtime, 2);
        std::mem::forget(twin);
    });
}

static PRIVATE_FOR_ONE: LazyLock<Bridge> = LazyLock::new(|| Bridge::builder().build());

struct Counted {
    _text: String,
}

#[smartasync(blocking, on = PRIVATE_FOR_ONE)]
impl Counted {
    pub(crate) async fn text(&self) -> &str {
        &self._text
    }
}

mod through {
    //! The ways to name a bridge.

    #![expect(dead_code, reason = "the first fields are there to be dropped")]

    use super::*;

    pub(super) static STATIC: LazyLock<Bridge> = LazyLock::new(|| Bridge::builder().build());

    pub(super) struct OfType(pub(super) SaysGoodbye);

    #[smartasync(blocking, on = Self::bridge())]
    impl OfType {
        pub(super) fn bridge() -> Bridge {
            STATIC.clone()
        }

        /// Its argument has the name of the function above, and is another thing.
        pub(super) async fn named(&self, bridge: &str) -> usize {
            bridge.len()
        }

        pub(super) async fn id(&self) -> Id {
            Handle::current().id()
        }
    }

    pub(super) struct OfClient(pub(super) SaysGoodbye, pub(super) Bridge);

    #[smartasync(blocking, on = self.1)]
    impl OfClient {
        pub(super) async fn id(&self) -> Id {
            Handle::current().id()
        }
    }

    pub(super) struct OfArgument(pub(super) SaysGoodbye);

    #[smartasync(blocking, on = bridge)]
    impl OfArgument {
        pub(super) async fn id(&self, bridge: &Bridge) -> Id {
            let _ = bridge;
            Handle::current().id()
        }
    }

    pub(super) struct Generic<T>(pub(super) SaysGoodbye, pub(super) T);

    #[smartasync(blocking, on = STATIC)]
    impl<T> Generic<T> {
        pub(super) async fn id(&self) -> Id {
            let _ = &self.1;
            Handle::current().id()
        }
    }

    pub(super) static SHUT_DOWN: LazyLock<Bridge> = LazyLock::new(|| Bridge::builder().build());

    pub(super) struct Late(pub(super) SaysGoodbye);

    #[smartasync(blocking, on = &*SHUT_DOWN)]
    impl Late {
        pub(super) async fn id(&self) -> Id {
            Handle::current().id()
        }
    }
}

#[test]
fn it_goes_through_the_bridge_of_the_block() {
    use through::*;

    within_a_minute(|stage| {
        let (told, tasks) = channel();
        let goodbye = || SaysGoodbye(told.clone());
        let own = own_runtime();

        stage.at("a bridge that the type has");
        let twin = BlockingOfType::from(OfType(goodbye()));
        let private = twin.id();
        assert_eq!(twin.named("a"), 1);
        drop(twin);
        assert_eq!(expect_task(&tasks), private);
        assert_ne!(private, own);

        stage.at("that of a generic client");
        let twin = BlockingGeneric::from(Generic(goodbye(), 1));
        assert_eq!(twin.id(), private);
        drop(twin);
        assert_eq!(expect_task(&tasks), private);

        stage.at("a bridge that the client takes along");
        let twin = BlockingOfClient::from(OfClient(goodbye(), STATIC.clone()));
        assert_eq!(twin.id(), private);
        drop(twin);
        assert_eq!(expect_task(&tasks), own);

        stage.at("a bridge that each call is given");
        let twin = BlockingOfArgument::from(OfArgument(goodbye()));
        assert_eq!(twin.id(&STATIC), private);
        drop(twin);
        assert_eq!(expect_task(&tasks), own);

        stage.at("a bridge that was shut down");
        let twin = BlockingLate::from(Late(goodbye()));
        twin.id();
        SHUT_DOWN.shutdown(A_WHILE);
        drop(twin);
        assert_eq!(expect_task(&tasks), own);
    });
}

struct Shown(#[expect(dead_code, reason = "it is there to be dropped")] SaysGoodbye);

impl std::fmt::Debug for Shown {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("shown")
    }
}

#[smartasync(blocking, derive(Debug))]
impl Shown {
    pub(crate) async fn done(&self) {}
}

#[test]
fn a_twin_with_derived_traits_drops_its_client_inside_too() {
    within_a_minute(|_| {
        let (told, tasks) = channel();
        let twin = BlockingShown::from(Shown(SaysGoodbye(told)));
        twin.done();
        drop(twin);
        assert_eq!(expect_task(&tasks), own_runtime());
    });
}

/// Blocks in its destructor, like a client that was written for sync code.
struct Blocks {
    told: Sender<(Context, Id)>,
    _runtime: Option<Runtime>,
}

#[smartasync(blocking)]
impl Blocks {
    pub(crate) async fn done(&self) {}
}

impl Drop for Blocks {
    fn drop(&mut self) {
        let id = self.done_in_runtime().wait();
        self.told.send((context(), id)).unwrap();
    }
}

#[smartasync]
impl Blocks {
    async fn done_in_runtime(&self) -> Id {
        yield_now().await;
        Handle::current().id()
    }
}

#[test]
fn a_destructor_may_wait_and_end_a_runtime() {
    within_a_minute(|_| {
        let (told, was_dropped) = channel();
        let own = own_runtime();
        let twin = BlockingBlocks::from(Blocks { told, _runtime: Some(multi_thread()) });
        twin.done();
        drop(twin);
        assert_eq!(was_dropped.recv().unwrap(), (Context::Blocking, own));
    });
}

struct Outer {
    inner: Option<Box<BlockingOuter>>,
    _goodbye: SaysGoodbye,
}

#[smartasync(blocking)]
impl Outer {
    pub(crate) async fn depth(&self) -> usize {
        let inner = self.inner.as_deref().map(AsRef::as_ref);
        std::iter::successors(inner, |outer: &&Outer| outer.inner.as_deref().map(AsRef::as_ref))
            .count()
    }
}

#[test]
fn a_client_may_hold_its_own_twin() {
    within_a_minute(|_| {
        let (told, tasks) = channel();
        let make = |inner| Outer { inner, _goodbye: SaysGoodbye(told.clone()) }.into();
        let twin: BlockingOuter = make(Some(Box::new(make(Some(Box::new(make(None)))))));
        assert_eq!(twin.depth(), 2);
        drop(twin);
        let own = own_runtime();
        for _ in 0..3 {
            assert_eq!(expect_task(&tasks), own);
        }
        assert!(Handle::try_current().is_err());
    });
}

/// Drops in its destructor what enters nothing, and needs a runtime after that.
struct DropsOthers {
    told: Sender<Handle>,
    in_call: Option<BlockingPolite>,
    _goodbye: SaysGoodbye,
}

#[smartasync(blocking)]
impl DropsOthers {
    pub(crate) async fn nothing(&self) {}
}

impl Drop for DropsOthers {
    fn drop(&mut self) {
        let twin = self.in_call.take();
        block_on(async { drop(twin) });
        drop(BlockingBare::from(Bare("without a destructor")));
        let lost = BlockingLost::from(Lost { _text: String::new() });
        catch_unwind(AssertUnwindSafe(|| drop(lost))).unwrap_err();
        self.told.send(Handle::current()).unwrap();
    }
}

struct Lost {
    _text: String,
}

#[smartasync(blocking, on = Self::bridge())]
impl Lost {
    fn bridge() -> Bridge {
        panic_any("a panic that the test wants")
    }

    pub(crate) async fn nothing(&self) {}
}

#[test]
fn what_enters_nothing_leaves_nothing() {
    within_a_minute(|_| {
        let (told, tasks) = channel();
        let in_call = Some(BlockingPolite::new(told.clone()));
        let _goodbye = SaysGoodbye(told.clone());
        drop(BlockingDropsOthers::from(DropsOthers { told, in_call, _goodbye }));
        let own = own_runtime();
        for _ in 0..3 {
            assert_eq!(expect_task(&tasks), own);
        }
        assert!(Handle::try_current().is_err());
    });
}

struct Panics(Sender<Handle>);

#[smartasync(blocking)]
impl Panics {
    pub(crate) async fn nothing(&self) {}
}

impl Drop for Panics {
    fn drop(&mut self) {
        self.0.send(Handle::current()).unwrap();
        panic_any("a panic that the test wants");
    }
}

#[test]
fn a_destructor_that_panics_leaves_the_runtime() {
    within_a_minute(|_| {
        let (told, tasks) = channel();
        let twin = BlockingPanics::from(Panics(told));
        catch_unwind(AssertUnwindSafe(|| drop(twin))).unwrap_err();
        assert_eq!(expect_task(&tasks), own_runtime());
        assert!(Handle::try_current().is_err());
    });
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Plain {
    number: u32,
}

#[smartasync(blocking, derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash))]
impl Plain {
    pub(crate) const ONE: Self = Plain { number: 1 };

    pub(crate) const fn of(number: u32) -> Self {
        Plain { number }
    }

    pub(crate) const fn number(&self) -> u32 {
        self.number
    }
}

/// Has no destructor, though nothing in the options says so.
struct Bare<'a>(&'a str);

#[derive(Clone, Copy)]
struct Concrete(&'static str);

#[smartasync(blocking)]
impl Concrete {
    pub(crate) const fn new() -> Self {
        Concrete("ab")
    }

    pub(crate) const fn length(&self) -> usize {
        self.0.len()
    }
}

// A user may have written this by hand.
impl Clone for BlockingConcrete {
    fn clone(&self) -> BlockingConcrete {
        *self
    }
}

impl Copy for BlockingConcrete {}

#[smartasync(blocking)]
impl<'a> Bare<'a> {
    pub(crate) async fn text(&self) -> &'a str {
        self.0
    }
}

struct Owned<T>(Vec<T>);

#[smartasync(blocking)]
impl<T> Owned<T> {
    pub(crate) async fn length(&self) -> usize {
        self.0.len()
    }
}

#[test]
fn a_client_without_a_destructor_costs_nothing() {
    // A value with a destructor cannot be dropped in a constant.
    const NUMBER: u32 = BlockingPlain::of(3).number();
    const LENGTH: usize = BlockingConcrete::new().length();
    assert_eq!((NUMBER, LENGTH), (3, 2));

    assert_eq!(size_of::<BlockingPlain>(), size_of::<Plain>());
    assert_eq!(size_of::<Option<BlockingConcrete>>(), size_of::<&str>());
    assert!(!needs_drop::<BlockingPlain>() && !needs_drop::<BlockingConcrete>());
    assert!(has!(Copy, BlockingPlain::ONE) && has!(Copy, BlockingConcrete::new()));

    // A client with a destructor takes no extra memory either, except for a flag if that depends on parameters.
    assert_eq!(size_of::<Option<BlockingCounted>>(), size_of::<Counted>());
    assert!(size_of::<BlockingBare<'_>>() <= size_of::<Bare<'_>>() + size_of::<usize>());
    assert!(size_of::<BlockingOwned<u8>>() <= size_of::<Owned<u8>>() + size_of::<usize>());
}

#[test]
fn a_generic_client_without_a_destructor_enters_nothing() {
    static BRIDGE: LazyLock<Bridge> = LazyLock::new(|| Bridge::builder().build());

    struct Maybe<T>(Option<T>);

    #[smartasync(blocking, on = BRIDGE)]
    impl<T> Maybe<T> {
        pub(crate) async fn is_there(&self) -> bool {
            self.0.is_some()
        }
    }

    drop(BlockingMaybe::from(Maybe(Some(1))));
    assert_eq!(BRIDGE.stats().calls_on_own_runtime, 0);
    drop(BlockingMaybe::from(Maybe(Some("a".to_owned()))));
    assert_eq!(BRIDGE.stats().calls_on_own_runtime, 1);
    assert!(BlockingMaybe::from(Maybe(Some(1))).is_there());
    assert_eq!(BRIDGE.stats().calls_on_own_runtime, 2);
}

#[test]
fn what_a_client_borrows_is_not_used_by_its_destructor() {
    // Each of these compiles only if dropping the twin does not use what it borrows.
    let mut text = "a".to_owned();
    let twin = BlockingBare::from(Bare(&text));
    assert_eq!(twin.text(), "a");
    text.push('b');

    let owner = [1_u8, 2];
    let twin = BlockingOwned::from(Owned(vec![&owner[0]]));
    assert_eq!(twin.length(), 1);
    let owner = owner.map(u16::from);
    assert_eq!(owner, [1, 2]);

    let mut late = BlockingOwned::from(Owned(Vec::new()));
    assert_eq!(late.length(), 0);
    let number = 3;
    late = BlockingOwned::from(Owned(vec![&number]));
    assert_eq!(late.length(), 1);

    /// A twin is covariant, like its client.
    fn shorter<'a>(twin: BlockingBare<'static>, _: &'a str) -> BlockingBare<'a> {
        twin
    }
    assert_eq!(shorter(BlockingBare::from(Bare("c")), &text).text(), "c");
}

#[test]
fn derived_traits_are_those_of_the_client() {
    fn check<T>(values: [T; 3])
    where
        T: Clone + Copy + Debug + Default + PartialEq + Eq + PartialOrd + Ord + Hash,
    {
        let [zero, one, two] = values;
        assert!(zero < one && one < two && one == Clone::clone(&one) && T::default() == zero);
        assert_eq!(HashSet::from(values).len(), 3);
        assert_eq!(BTreeSet::from([two, zero, one]).into_iter().collect::<Vec<_>>(), values);
        assert!(format!("{one:?}").contains("Plain { number: 1 }"));
    }
    check([0, 1, 2].map(|number| Plain { number }));
    check([0, 1, 2].map(BlockingPlain::of));
    // A constant can be a pattern.
    assert!(matches!(BlockingPlain::of(1), BlockingPlain::ONE));
    assert_eq!(format!("{:?}", BlockingPlain::ONE), "BlockingPlain(Plain { number: 1 })");

    #[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
    struct Full<T>(Vec<T>);

    #[smartasync(blocking, derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash))]
    impl<T> Full<T> {
        pub(crate) fn length(&self) -> usize {
            self.0.len()
        }
    }

    let (one, two) = (BlockingFull::from(Full(vec![1])), BlockingFull::from(Full(vec![2])));
    assert!(BlockingFull::default() < one && one < two && one.clone() == one);
    assert_eq!(HashSet::from([one.clone(), one.clone(), two]).len(), 2);
    assert_eq!((format!("{one:?}"), one.length()), ("BlockingFull(Full([1]))".to_owned(), 1));
}

#[test]
fn auto_traits_are_those_of_the_client() {
    use std::panic::{RefUnwindSafe, UnwindSafe};

    /// Compiles only if the twin has these traits for each parameter that has them.
    fn of_any<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe + 'static>(
        twin: &BlockingOwned<T>,
    ) {
        fn has_all<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe + Any>(_: &T) {}
        has_all(twin);
        has_all(&BlockingConcrete::new());
        has_all(&BlockingCounted::from(Counted { _text: String::new() }));
    }
    of_any(&BlockingOwned::from(Owned(vec![1])));
    let cells = BlockingOwned::from(Owned(vec![RefCell::new(1)]));
    assert!(has!(Send, cells) && !has!(Sync, cells) && has!(UnwindSafe, cells));
    assert!(!has!(RefUnwindSafe, cells));
    let not_sent = BlockingOwned::from(Owned(vec![std::rc::Rc::new(1)]));
    assert!(!has!(Send, not_sent));
}
