//! What an SDK with two faces needs of a twin: builders, streams, futures by another name, errors in place of panics,
//! and an async client that stays as it is.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, LazyLock, mpsc};
use std::thread::{self, ThreadId};
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt, LocalBoxFuture};
use futures::stream::{BoxStream, Stream, StreamExt, iter};
use smartasync::{Bridge, Iter, WaitError, WaitErrorKind, smartasync};
use tokio::task::yield_now;
use tokio::time::sleep;

#[derive(Debug, PartialEq)]
enum Error {
    Refused,
    Wait(WaitErrorKind),
}

impl From<WaitError> for Error {
    fn from(error: WaitError) -> Error {
        Error::Wait(error.kind())
    }
}

type Result<T, E = Error> = std::result::Result<T, E>;

mod client {
    use super::*;

    #[derive(Default)]
    pub(crate) struct Builder {
        name: String,
        limit: Option<Duration>,
    }

    #[derive(Debug)]
    pub(crate) struct Client {
        pub(crate) name: String,
    }

    pub(crate) struct Answer<T> {
        body: T,
    }

    #[smartasync(blocking, twins(Client))]
    impl Builder {
        pub(crate) fn name(mut self, name: &str) -> Self {
            self.name = name.to_owned();
            self
        }

        pub(crate) fn limit(mut self, limit: Duration) -> Builder {
            self.limit = Some(limit);
            self
        }

        pub(crate) async fn build(self) -> Result<Client> {
            yield_now().await;
            if self.name.is_empty() { Err(Error::Refused) } else { Ok(Client { name: self.name }) }
        }
    }

    #[smartasync(blocking, twins(Answer = BlockingAnswer, Builder))]
    impl Client {
        pub(crate) fn builder() -> Builder {
            Builder::default()
        }

        pub(crate) async fn get<T: Clone>(&self, body: &T) -> Answer<T> {
            yield_now().await;
            Answer { body: body.clone() }
        }

        pub(crate) async fn find(
            &self,
            body: &str,
        ) -> Result<Option<crate::twins::client::Answer<String>>> {
            Ok(Some(self.get(&body.to_owned()).await))
        }
    }

    #[smartasync(blocking)]
    impl<T> Answer<T> {
        pub(crate) async fn body(self) -> T {
            self.body
        }
    }
}

#[test]
fn a_builder_of_twins_makes_a_twin() {
    use client::{BlockingAnswer, BlockingBuilder, BlockingClient};

    let builder: BlockingBuilder = BlockingClient::builder().name("a").limit(Duration::ZERO);
    let client: BlockingClient = builder.build().unwrap();
    let answer: BlockingAnswer<u32> = client.get(&7);
    assert_eq!(answer.body(), 7);
    assert_eq!(client.find("b").unwrap().unwrap().body(), "b");
    assert_eq!(client.as_ref().name, "a");
    assert_eq!(BlockingClient::builder().build().unwrap_err(), Error::Refused);
}

struct Plain;

#[smartasync(blocking, twin_only, fallible)]
impl Plain {
    pub(crate) async fn connect(name: &str) -> Result<Self> {
        yield_now().await;
        if name.is_empty() { Err(Error::Refused) } else { Ok(Plain) }
    }

    pub(crate) async fn len<'a>(&self, text: &'a str, _unused: Rc<u32>) -> &'a str {
        yield_now().await;
        text
    }

    pub(crate) async fn never(&self) -> Result<()> {
        std::future::pending().await
    }
}

#[smartasync(blocking, extend, twin_only)]
impl Plain {
    pub(crate) fn nap(&self) -> impl Future<Output = u32> + Send + use<> {
        // Tokio's `sleep` needs a runtime where it is called.
        sleep(Duration::from_millis(1)).map(|()| 1)
    }

    pub(crate) fn boxed<'a>(&'a self, text: &'a str) -> BoxFuture<'a, Option<&'a str>> {
        sleep(Duration::from_millis(1)).map(move |()| Some(text)).boxed()
    }

    pub(crate) fn local(&self) -> LocalBoxFuture<'_, ()> {
        sleep(Duration::from_millis(1)).boxed_local()
    }

    pub(crate) fn pinned(self) -> Pin<Box<dyn Future<Output = Result<Self, ()>> + Send>> {
        Box::pin(async { Ok(self) })
    }
}

#[test]
fn an_async_client_stays_as_it_is() {
    assert!(!std::any::type_name_of_val(&Plain.never()).contains("Call"));

    let plain = BlockingPlain::connect("a").unwrap();
    assert_eq!(plain.len("abc", Rc::new(1)), "abc");
    assert!(matches!(BlockingPlain::connect(""), Err(Error::Refused)));
}

#[test]
fn futures_by_other_names_are_waited_for() {
    let plain = BlockingPlain::from(Plain);
    let one: u32 = plain.nap();
    assert_eq!(one, 1);
    assert_eq!(plain.boxed("a"), Some("a"));
    let () = plain.local();
    assert!(plain.pinned().is_ok());
}

#[test]
fn a_fallible_twin_returns_why_it_cannot_wait() {
    let plain = BlockingPlain::from(Plain);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let refused = runtime.block_on(async { plain.never() });
    assert_eq!(refused, Err(Error::Wait(WaitErrorKind::AsyncContext)));
    let message = runtime.block_on(async {
        let refused = std::panic::AssertUnwindSafe(|| plain.len("a", Rc::new(1)));
        std::panic::catch_unwind(refused).unwrap_err()
    });
    // It has no error of its own.
    assert!(message.downcast_ref::<String>().unwrap().contains("`len`"), "{message:?}");
}

struct Impatient(Bridge);

static IMPATIENT: std::sync::LazyLock<Bridge> =
    std::sync::LazyLock::new(|| Bridge::builder().timeout(Duration::from_millis(1)).build());

#[smartasync(blocking, fallible, on = self.0)]
impl Impatient {
    pub(crate) async fn never(&self) -> Result<()> {
        std::future::pending().await
    }
}

#[smartasync(blocking = BlockingHurry, twin_only, fallible, on = IMPATIENT)]
impl Impatient {
    pub(crate) async fn plain(&self) -> Result<()> {
        std::future::pending().await
    }

    pub(crate) fn future(&self) -> impl Future<Output = Result<()>> {
        std::future::pending()
    }
}

#[test]
fn a_twin_has_the_limits_of_its_bridge() {
    let bridge = || Bridge::builder().timeout(Duration::from_millis(1)).build();
    let timed_out = Err(Error::Wait(WaitErrorKind::TimedOut));
    assert_eq!(BlockingImpatient::from(Impatient(bridge())).never(), timed_out);
    let hurry = BlockingHurry::from(Impatient(bridge()));
    assert_eq!(hurry.plain(), timed_out);
    assert_eq!(hurry.future(), timed_out);
    // A limit of one call is that of the client's call.
    let twin = BlockingImpatient::from(Impatient(Bridge::builder().build()));
    let call = twin.as_ref().never();
    assert_eq!(
        call.wait_timeout(Duration::from_millis(1)).unwrap_err().kind(),
        WaitErrorKind::TimedOut
    );
}

struct Rows(u32);

struct Numbers(u32);

impl Stream for Numbers {
    type Item = u32;

    fn poll_next(
        mut self: Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<u32>> {
        self.0 -= 1;
        std::task::Poll::Ready(Some(self.0).filter(|number| *number > 0))
    }
}

#[smartasync(blocking)]
impl Rows {
    pub(crate) fn all(&self) -> impl Stream<Item = u32> + use<> {
        iter(1..=self.0)
    }

    pub(crate) async fn after(&self, first: u32) -> Result<impl Stream<Item = u32>> {
        yield_now().await;
        if first > self.0 { Err(Error::Refused) } else { Ok(iter(first..=self.0)) }
    }

    pub(crate) async fn boxed(&self) -> Option<BoxStream<'_, &u32>> {
        Some(iter([&self.0]).boxed())
    }

    pub(crate) fn pinned(&self) -> Pin<Box<dyn Stream<Item = u32> + '_>> {
        Box::pin(iter([self.0]))
    }

    #[smartasync(iter)]
    pub(crate) fn down(&self) -> Numbers {
        Numbers(self.0)
    }

    #[smartasync(iter)]
    pub(crate) async fn checked_down(&self) -> Result<Numbers, String> {
        Ok(Numbers(self.0))
    }
}

#[test]
fn a_stream_becomes_an_iterator() {
    let rows = BlockingRows::from(Rows(3));
    assert_eq!(rows.all().collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(rows.after(2).unwrap().sum::<u32>(), 5);
    assert_eq!(rows.after(4).map(drop), Err(Error::Refused));
    assert_eq!(rows.boxed().unwrap().collect::<Vec<_>>(), [&3]);
    let mut pinned: Iter<_> = rows.pinned();
    assert_eq!(pinned.try_next().unwrap(), Some(3));
    assert_eq!(rows.down().collect::<Vec<_>>(), [2, 1]);
    assert_eq!(rows.checked_down().unwrap().count(), 2);
}

#[smartasync(blocking = Queue, twin_only)]
impl tokio::sync::Semaphore {
    pub(crate) fn new(permits: usize) -> Self;
    pub(crate) fn available_permits(&self) -> usize;
    /// Waits for a permit.
    pub(crate) async fn acquire(
        &self,
    ) -> Result<tokio::sync::SemaphorePermit<'_>, tokio::sync::AcquireError>;
    pub(crate) async fn acquire_owned(
        self: Arc<Self>,
    ) -> Result<tokio::sync::OwnedSemaphorePermit, tokio::sync::AcquireError>;
}

#[smartasync(blocking = Cell, twin_only)]
impl<T> tokio::sync::OnceCell<T> {
    pub(crate) async fn get_or_init<F, Fut>(&self, init: F) -> &T
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = T>;
}

#[test]
fn a_client_of_another_crate_has_a_twin_of_the_methods_that_are_named() {
    let queue = Queue::new(2);
    let permit = queue.acquire().unwrap();
    assert_eq!(queue.available_permits(), 1);
    drop(permit);
    let semaphore = tokio::sync::Semaphore::from(queue);
    let owned = Queue::from(semaphore).acquire_owned().unwrap();
    assert_eq!(owned.num_permits(), 1);

    let cell = Cell::from(tokio::sync::OnceCell::new());
    assert_eq!(*cell.get_or_init(|| async { 1 }), 1);
    assert_eq!(*cell.get_or_init(|| async { 2 }), 1);
}

static TASKS: LazyLock<Bridge> = LazyLock::new(|| Bridge::builder().shared_threads(1).build());

/// Says on which thread its futures run, and when one ends.
struct Located {
    ended: mpsc::Sender<&'static str>,
}

struct Ended(mpsc::Sender<&'static str>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.send("ended").unwrap();
    }
}

#[smartasync(blocking, on = TASKS, fallible)]
impl Located {
    #[smartasync(spawn)]
    pub(crate) async fn thread(self) -> ThreadId {
        yield_now().await;
        thread::current().id()
    }

    #[smartasync(spawn, twin_only)]
    pub(crate) fn plain(&self) -> impl Future<Output = ThreadId> + Send + use<> {
        sleep(Duration::from_millis(1)).map(|()| thread::current().id())
    }

    #[smartasync(spawn, twin_only)]
    pub(crate) fn panics(&self) -> impl Future<Output = ()> + Send + use<> {
        async { panic!("in the task") }
    }

    #[smartasync(spawn, twin_only, on = HURRIED)]
    pub(crate) fn never(&self) -> impl Future<Output = Result<()>> + Send + use<> {
        let ended = Ended(self.ended.clone());
        async move {
            let _ended = ended;
            std::future::pending().await
        }
    }
}

static HURRIED: LazyLock<Bridge> = LazyLock::new(|| {
    Bridge::builder().shared_threads(1).timeout(Duration::from_millis(20)).build()
});

#[test]
fn a_task_runs_what_the_method_returns_and_ends_with_the_wait() {
    let (ended, has_ended) = mpsc::channel();
    let twin = BlockingLocated::from(Located { ended });
    let other = twin.plain();
    assert_ne!(other, thread::current().id());
    let panic = catch_unwind(AssertUnwindSafe(|| twin.panics())).unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"in the task"));
    assert_eq!(twin.never(), Err(Error::Wait(WaitErrorKind::TimedOut)));
    let has_ended = has_ended.recv_timeout(Duration::from_secs(30));
    assert_eq!(has_ended, Ok("ended"), "a wait that ends early cancels its task");
    assert_eq!(twin.thread(), other);
}

struct Pointed(u32);

#[smartasync(blocking)]
impl Pointed {
    pub(crate) async fn shared(self: Arc<Self>) -> usize {
        Arc::strong_count(&self)
    }

    pub(crate) async fn counted(self: Rc<Self>) -> usize {
        Rc::strong_count(&self)
    }

    pub(crate) fn boxed(self: Box<Self>) -> Box<Self> {
        self
    }

    pub(crate) async fn pinned<'a>(self: Pin<&'a mut Self>) -> &'a mut u32 {
        &mut self.get_mut().0
    }
}

#[test]
fn a_twin_makes_the_pointer_that_a_method_needs() {
    let twin = || BlockingPointed::from(Pointed(1));
    assert_eq!(twin().shared(), 1);
    assert_eq!(twin().counted(), 1);
    let mut boxed: Box<BlockingPointed> = twin().boxed();
    *boxed.pinned() += 1;
    assert_eq!(Pointed::from(*boxed).0, 2);
}

#[derive(Default)]
struct Settings {
    names: Vec<String>,
    other: Option<Box<Settings>>,
}

#[smartasync(blocking)]
impl Settings {
    pub(crate) fn new() -> Self {
        Settings::default()
    }

    pub(crate) fn name(&mut self, name: &str) -> &mut Self {
        self.names.push(name.to_owned());
        self
    }

    pub(crate) async fn checked<'a>(&'a mut self, name: &str) -> Result<&'a mut Self> {
        yield_now().await;
        if name.is_empty() { Err(Error::Refused) } else { Ok(self.name(name)) }
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    pub(crate) fn same(&self) -> Option<&Self> {
        Some(self)
    }

    pub(crate) fn other(&mut self) -> &mut Self {
        self.other.get_or_insert_default()
    }

    pub(crate) fn client(&mut self) -> &mut Settings {
        self
    }
}

#[test]
fn a_method_that_returns_its_client_returns_the_twin() {
    let mut settings = BlockingSettings::new();
    let chained: &mut BlockingSettings = settings.name("a").name("b").checked("c").unwrap();
    assert_eq!(chained.name("d").same().unwrap().len(), 4);
    assert_eq!(settings.checked("").map(drop), Err(Error::Refused));
    let client: &mut Settings = settings.client();
    assert_eq!(client.names.len(), 4);
    let other = std::panic::AssertUnwindSafe(|| settings.other().len());
    let message = std::panic::catch_unwind(other).unwrap_err();
    assert!(message.downcast_ref::<&str>().unwrap().contains("another client"));
}
