//! Functions in the shapes of real clients. Each is compiled plain and decorated, and called plain, with `.await`
//! and with `.wait()`; results and `Send`-ness are compared.

// The clients keep the shapes of their models, whether they are needed or not. Only `Debug` reads what they
// return.
#![allow(
    dead_code,
    clippy::needless_lifetimes,
    clippy::too_many_arguments,
    clippy::type_complexity
)]

use std::future::{Future, IntoFuture};

use smartasync::Call;

use crate::support;

/// One call: what was called, whether it was `Send`, and what came out.
type Case = (&'static str, bool, String);

/// Compiles a client's source three times, and compares the results of its cases.
macro_rules! held {
    ($source:ident) => {
        mod plain {
            $source!([] awaited);
        }

        mod awaited {
            $source!([#[smartasync::smartasync]] awaited);
        }

        mod waited {
            $source!([#[smartasync::smartasync]] waited);
        }

        #[test]
        fn plain_and_decorated_are_the_same() {
            let plain = plain::cases();
            assert!(plain.len() > 9, "a client has ten functions or more");
            assert_eq!(awaited::cases(), plain);
            assert_eq!(waited::cases(), plain);
        }
    };
}

/// Runs each call with the given function.
macro_rules! cases {
    ($run:ident: $($call:expr;)*) => {
        pub(crate) fn cases() -> Vec<$crate::held::Case> {
            // A `match`, so that what a call borrows lives as long as the call.
            vec![$(match $call {
                call => {
                    let is_send = $crate::probe::has!(Send, call);
                    (stringify!($call), is_send, format!("{:?}", $crate::held::$run(call)))
                }
            }),*]
        }
    };
}

mod cloud;
mod http;
mod keys;
mod objects;
mod rpc;
mod sql;

fn waited<F: Future>(call: Call<F>) -> F::Output {
    call.wait()
}

fn awaited<F: IntoFuture>(call: F) -> F::Output {
    support::current_thread().block_on(async { call.await })
}

/// Stands for a server: answers with what it was sent, after a while.
async fn exchange(sent: impl Into<String>) -> String {
    tokio::task::yield_now().await;
    sent.into()
}
