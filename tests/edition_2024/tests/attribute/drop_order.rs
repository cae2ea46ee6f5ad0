//! What is dropped when: as in the plain `async fn`, from start to end and wherever the future is dropped.

use std::cell::RefCell;
use std::future::{Future, IntoFuture};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::task::{Context, Waker};

use smartasync::{Call, smartasync};
use tokio::task::yield_now;

type Log = Rc<RefCell<Vec<String>>>;

/// Records its name when it is dropped.
#[derive(Debug)]
struct Noisy(&'static str, Log);

impl Noisy {
    fn beside(&self, name: &'static str) -> Noisy {
        Noisy(name, Rc::clone(&self.1))
    }

    fn note(&self, what: &str) {
        self.1.borrow_mut().push(what.to_owned());
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

impl Drop for Noisy {
    fn drop(&mut self) {
        self.note(self.0);
    }
}

/// How far a future is driven before it is dropped.
#[derive(Clone, Copy, Debug)]
enum Until {
    NotStarted,
    FirstPoll,
    SecondPoll,
    End,
}

const CUTS: [Until; 4] = [Until::NotStarted, Until::FirstPoll, Until::SecondPoll, Until::End];

/// Returns the records in order.
fn notes<F: IntoFuture>(until: Until, call: impl FnOnce([Noisy; 6]) -> F) -> Vec<String> {
    let log = Log::default();
    let names = ["one", "two", "three", "four", "five", "six"];
    let arguments = names.map(|name| Noisy(name, Rc::clone(&log)));
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let mut future = Box::pin(call(arguments).into_future());
        log.borrow_mut().push(String::from("called"));
        let polls = match until {
            Until::NotStarted => 0,
            Until::FirstPoll => 1,
            Until::SecondPoll => 2,
            Until::End => 10,
        };
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..polls {
            if future.as_mut().poll(&mut context).is_ready() {
                log.borrow_mut().push(String::from("ready"));
                break;
            }
        }
    }));
    log.borrow_mut().push(format!("panicked: {}", outcome.is_err()));
    log.take()
}

/// Emits each function twice, plain and decorated, and compares them at every point at which they can be dropped.
macro_rules! same_drops {
    ($($(#[$attr:meta])* async fn $name:ident $arguments:tt $(-> $output:ty)? $body:block)*) => {
        mod plain {
            use super::*;
            $($(#[$attr])* pub(crate) async fn $name $arguments $(-> $output)? $body)*
        }

        mod decorated {
            use super::*;
            $($(#[$attr])* #[smartasync] pub(crate) async fn $name $arguments $(-> $output)? $body)*

            /// Makes the same comparison with a boxed future.
            pub(crate) mod boxed {
                use super::*;
                $(
                    $(#[$attr])*
                    #[smartasync(boxed, ?Send)]
                    pub(crate) async fn $name $arguments $(-> $output)? $body
                )*
            }
        }

        $(
            #[test]
            fn $name() {
                for until in CUTS {
                    let expected = notes(until, |[a, b, c, d, e, f]| plain::$name(a, b, c, d, (e, f)));
                    let call = |[a, b, c, d, e, f]: [Noisy; 6]| decorated::$name(a, b, c, d, (e, f));
                    assert_eq!(notes(until, call), expected, "{until:?}");
                    let call = |[a, b, c, d, e, f]: [Noisy; 6]| decorated::boxed::$name(a, b, c, d, (e, f));
                    assert_eq!(notes(until, call), expected, "{until:?}, boxed");
                    assert!(expected.len() > 7, "the names, the call and the end: {expected:?}");
                }
            }
        )*
    };
}

same_drops! {
    async fn unused_arguments(_one: Noisy, _: Noisy, three: Noisy, _four: Noisy, _: (Noisy, Noisy)) {
        yield_now().await;
        three.note("body");
    }

    #[allow(clippy::toplevel_ref_arg)]
    async fn destructured(one: Noisy, two: Noisy, _: Noisy, ref four: Noisy, (five, _): (Noisy, Noisy)) {
        let _local = one.beside("local");
        four.note("body");
        yield_now().await;
        five.note("body");
        drop(two);
        yield_now().await;
    }

    async fn shadowed(one: Noisy, mut two: Noisy, three: Noisy, four: Noisy, five: (Noisy, Noisy)) {
        let one = one.beside("shadow");
        two = two.beside("assigned");
        yield_now().await;
        let three = (three, one);
        let five = five.1;
        yield_now().await;
        four.note("body");
        two.note(three.0.0);
        five.note("end");
    }

    async fn moved_into_blocks(one: Noisy, two: Noisy, three: Noisy, four: Noisy, five: (Noisy, Noisy)) {
        async move {
            let _two = two;
            yield_now().await;
            one.note("inner");
        }
        .await;
        let closure = move || three.note(four.0);
        closure();
        drop(five.0);
        yield_now().await;
    }

    async fn tail_temporary(one: Noisy, two: Noisy, _three: Noisy, _: Noisy, _: (Noisy, Noisy)) -> usize {
        let _local = one.beside("local");
        yield_now().await;
        two.beside("temporary").len()
    }

    async fn returned_temporary(one: Noisy, two: Noisy, _three: Noisy, _: Noisy, _: (Noisy, Noisy)) -> usize {
        let _local = one.beside("local");
        yield_now().await;
        if one.len() > 1 {
            return two.beside("temporary").len();
        }
        0
    }

    async fn question_mark(one: Noisy, two: Noisy, _three: Noisy, _: Noisy, _: (Noisy, Noisy)) -> Result<usize, usize> {
        let _local = one.beside("local");
        yield_now().await;
        let _after: usize = Err(two.beside("temporary").len())?;
        Ok(0)
    }

    async fn awaited_temporary(one: Noisy, two: Noisy, _three: Noisy, _: Noisy, _: (Noisy, Noisy)) -> usize {
        async fn hold(noisy: &Noisy) -> usize {
            yield_now().await;
            noisy.len()
        }

        hold(&one.beside("temporary")).await + hold(&two.beside("last")).await
    }

    async fn panicking(one: Noisy, two: Noisy, _three: Noisy, _: Noisy, (five, _): (Noisy, Noisy)) -> usize {
        let _local = one.beside("local");
        yield_now().await;
        std::panic::resume_unwind(Box::new(two.beside("temporary").len() + five.len()))
    }

    async fn returned(one: Noisy, two: Noisy, _three: Noisy, _: Noisy, (five, _): (Noisy, Noisy)) -> (Noisy, Noisy) {
        let local = one.beside("local");
        yield_now().await;
        drop(two);
        (five, local)
    }

    async fn match_scrutinee(one: Noisy, two: Noisy, _three: Noisy, _: Noisy, _: (Noisy, Noisy)) -> usize {
        match one.beside("scrutinee").len() {
            0 => 0,
            length => {
                yield_now().await;
                length + two.len()
            }
        }
    }
}

/// Methods: `self` is dropped last, used or not.
mod methods {
    use super::*;

    macro_rules! same_methods {
        ($($name:ident($($this:tt)*) $body:block)*) => {
            impl Noisy {
                $(async fn $name($($this)*, _two: Noisy, _: Noisy) $body)*
            }

            #[derive(Debug)]
            struct Decorated(Noisy);

            /// Replaces `Noisy` where its methods are decorated.
            impl std::ops::Deref for Decorated {
                type Target = Noisy;

                fn deref(&self) -> &Noisy {
                    &self.0
                }
            }

            #[smartasync]
            impl Decorated {
                $(async fn $name($($this)*, _two: Noisy, _: Noisy) $body)*
            }

            $(
                #[test]
                fn $name() {
                    for until in CUTS {
                        let expected = notes(until, |[a, b, c, ..]| a.$name(b, c));
                        let call = |[a, b, c, ..]: [Noisy; 6]| Decorated(a).$name(b, c);
                        assert_eq!(notes(until, call), expected, "{until:?}");
                    }
                }
            )*
        };
    }

    same_methods! {
        unused(self) {
            yield_now().await;
        }

        used_mut(mut self) {
            yield_now().await;
            let name = self.beside("changed").0;
            let noted = &mut self;
            noted.note(name);
        }

        in_a_closure(self) {
            let closure = || self.note("closure");
            closure();
            yield_now().await;
        }

        moved(self) {
            yield_now().await;
            drop(self);
            yield_now().await;
        }
    }
}

#[test]
fn a_call_that_is_never_started_drops_its_arguments() {
    let log = Log::default();

    #[smartasync]
    async fn never_started(_one: Noisy, _two: Noisy) {}

    fn drop_call<F: Future>(call: Call<F>) {
        drop(call);
    }

    drop_call(never_started(Noisy("one", Rc::clone(&log)), Noisy("two", Rc::clone(&log))));
    assert_eq!(log.borrow().len(), 2);
}
