//! The callers: on threads that come and go, `spawn_blocking` threads, tasks, and smol's executor.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use reqwest::Client;
use smartasync::{Bridge, Call, WaitError, WaitErrorKind, smartasync};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

const SLOTS_OF_A_KIND: usize = 3;
/// How many calls a thread makes at most before it ends.
const CALLS_OF_A_THREAD: u64 = 60;
const RESET_EACH: Duration = Duration::from_millis(400);

/// How the calls ended.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) right: AtomicU64,
    pub(crate) wrong: AtomicU64,
    timed_out: AtomicU64,
    cancelled: AtomicU64,
    /// The runtime of the connection was given up by a reset, or the thread that drove it.
    broken: AtomicU64,
    threads_ended: AtomicU64,
    threads_panicked: AtomicU64,
    resets: AtomicU64,
}

/// The callers, and what they share.
pub(crate) struct Soak {
    pub(crate) counts: Arc<Counts>,
    is_over: Arc<AtomicBool>,
    running: Arc<AtomicUsize>,
    _runtime: Runtime,
}

/// What a caller needs.
#[derive(Clone)]
struct Caller {
    client: Client,
    url: Arc<str>,
    private: Bridge,
    counts: Arc<Counts>,
    is_over: Arc<AtomicBool>,
}

#[smartasync]
async fn ask(client: Client, url: String) -> reqwest::Result<String> {
    client.get(url).send().await?.error_for_status()?.text().await
}

impl Soak {
    pub(crate) fn start(url: &str) -> Soak {
        let runtime = Runtime::new().unwrap();
        let caller = Caller {
            client: Client::builder().no_proxy().build().unwrap(),
            url: url.into(),
            private: Bridge::builder().name("soak").build(),
            counts: Arc::default(),
            is_over: Arc::default(),
        };
        let running = Arc::new(AtomicUsize::new(0));
        for _ in 0..SLOTS_OF_A_KIND {
            let one = || (caller.clone(), Running::of(&running));
            let (caller, running) = one();
            thread::spawn(move || caller.on_threads(running));
            let (caller, running) = one();
            runtime.spawn_blocking(move || caller.on_this_thread(running));
            let (caller, running) = one();
            runtime.spawn(caller.in_a_task(running));
            let (caller, running) = one();
            smol::spawn(caller.in_a_task(running)).detach();
        }
        let (counts, is_over) = (Arc::clone(&caller.counts), Arc::clone(&caller.is_over));
        thread::spawn(move || caller.reset_now_and_then());
        Soak { counts, is_over, running, _runtime: runtime }
    }

    /// Tells the callers to end, and returns whether they did.
    pub(crate) fn end(&self) -> bool {
        self.is_over.store(true, Ordering::Relaxed);
        let begin = Instant::now();
        while self.running.load(Ordering::Acquire) > 0 && begin.elapsed() < Duration::from_secs(30)
        {
            thread::sleep(Duration::from_millis(10));
        }
        self.running.load(Ordering::Acquire) == 0
    }
}

/// Counts a caller as long as it lives.
struct Running(Arc<AtomicUsize>);

impl Running {
    fn of(running: &Arc<AtomicUsize>) -> Running {
        running.fetch_add(1, Ordering::Relaxed);
        Running(Arc::clone(running))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Release);
    }
}

impl Caller {
    /// Makes calls on one thread after another. Some end with a panic.
    fn on_threads(self, _running: Running) {
        while !self.is_over() {
            let caller = self.clone();
            let run = move || {
                for _ in 0..fastrand::u64(1..CALLS_OF_A_THREAD) {
                    caller.wait();
                }
                // Without a message on standard error, which a panic hook would print.
                if fastrand::u8(..8) == 0 {
                    std::panic::resume_unwind(Box::new("a thread dies"));
                }
            };
            let ended = match thread::spawn(run).join() {
                Ok(()) => &self.counts.threads_ended,
                Err(_) => &self.counts.threads_panicked,
            };
            count(ended);
        }
    }

    fn on_this_thread(self, _running: Running) {
        while !self.is_over() {
            self.wait();
        }
    }

    async fn in_a_task(self, _running: Running) {
        while !self.is_over() {
            let number = fastrand::u64(..);
            let answer = self.call("echo", number).await;
            self.check(number, answer);
        }
    }

    /// Makes a call in one of the ways that sync code has.
    fn wait(&self) {
        let number = fastrand::u64(..);
        match fastrand::u8(..16) {
            0 => self.wait_for_a_millisecond(number),
            1 => self.cancel(number),
            2 => self.check(number, self.call("slow", number).wait()),
            way => {
                let call = self.call("echo", number);
                let answer = match way % 4 {
                    0 => call.on(&Bridge::shared()).wait(),
                    1 => call.on(&self.private).wait(),
                    _ => call.wait(),
                };
                self.check(number, answer);
            }
        }
    }

    fn wait_for_a_millisecond(&self, number: u64) {
        let limit = Duration::from_millis(fastrand::u64(1..20));
        match self.call("slow", number).wait_timeout(limit) {
            Ok(answer) => self.check(number, answer),
            Err(error) => {
                self.check_early_end(&error, WaitErrorKind::TimedOut, &self.counts.timed_out)
            }
        }
    }

    fn cancel(&self, number: u64) {
        let token = CancellationToken::new();
        let canceller = token.clone();
        let delay = Duration::from_millis(fastrand::u64(1..20));
        let cancel = thread::spawn(move || {
            thread::sleep(delay);
            canceller.cancel();
        });
        match self.call("slow", number).wait_cancellable(&token) {
            Ok(answer) => self.check(number, answer),
            Err(error) => {
                self.check_early_end(&error, WaitErrorKind::Cancelled, &self.counts.cancelled)
            }
        }
        cancel.join().unwrap();
    }

    fn call(
        &self,
        how: &str,
        number: u64,
    ) -> Call<impl Future<Output = reqwest::Result<String>> + use<>> {
        ask(self.client.clone(), format!("{}/{how}/{number}", self.url))
    }

    fn check(&self, number: u64, answer: reqwest::Result<String>) {
        count(match answer {
            Ok(answer) if answer == number.to_string() => &self.counts.right,
            Ok(_) => &self.counts.wrong,
            Err(_) => &self.counts.broken,
        });
    }

    fn check_early_end(&self, error: &WaitError, wanted: WaitErrorKind, ended: &AtomicU64) {
        count(if error.kind() == wanted { ended } else { &self.counts.wrong });
    }

    fn reset_now_and_then(&self) {
        while !self.is_over() {
            thread::sleep(RESET_EACH);
            match fastrand::bool() {
                true => self.private.reset(),
                false => Bridge::per_thread().reset(),
            }
            count(&self.counts.resets);
        }
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
