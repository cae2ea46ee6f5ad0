//! A guide by problem: each page has a program that fails, why it does, and a program that works.
//!
//! It consists of documentation only. The search at the top finds a page by the words of a problem, such as
//! `join_all`, `reactor`, `mock` or `LazyLock`.
//!
//! | the question | the page |
//! |---|---|
//! | Which way to wait: `wait`, `try_wait`, `dispatch`, `block_on`? Why not one static `Runtime`? | [`which_way`] |
//! | "Cannot start a runtime from within a runtime" | [`runtime_within_runtime`] |
//! | "there is no reactor running" | [`no_reactor`] |
//! | "future cannot be sent between threads safely" | [`not_send`] |
//! | How do I make many calls at once: `join_all`, `join!`, `select!`, the first of two? | [`many_calls`] |
//! | How do I end a wait: timeout, cancel, Ctrl-C? | [`timeouts`] |
//! | How do I put a client into a static: `LazyLock`, `OnceCell`? | [`statics`] |
//! | How do I clean up in `Drop`, and at the end of `main`? | [`drop_and_exit`] |
//! | How do I test: `#[test]` or `#[tokio::test]`, a mock, a paused clock? | [`testing`] |
//! | How do I iterate over a stream, and use async I/O as `std::io`? Why is my file short? | [`streams_and_files`] |
//! | Is it `spawn_blocking` or `offload`? | [`offload`] |
//! | How does it go together with rayon? | [`rayon`] |
//! | How do I call sync code in a handler of axum, or run a server in sync code? | [`servers`] |
//! | How do I keep a call from blocking the loop of a GUI? | [`gui`] |
//! | How do I write a library for Python or C? | [`other_languages`] |
//! | What about `fork`, threads that end, thousands of threads? | [`processes_and_threads`] |
//! | Why does my stack overflow, and how do I write a recursive function? | [`big_futures`] |
//! | How do I write a library with a sync and an async face? | [`two_faces`] |
//! | Why does my call hang, or take so long? | [`troubleshooting`] |
//! | How do I migrate from `reqwest::blocking`, pollster, `maybe-async`, a `block_in_place` of my own? | [`migrate`] |
//! | Which threads are there, and which of them runs my task? | [`implementation`] |
//! | What are the limits, the platforms, the oldest Rust, the dependencies? | [`faq`] |
//!
//! # Features
//!
//! Examples with `scope` and `buffered` need the feature `concurrent`, those with `iter` need `stream`, those with
//! `SyncIo` and `AsyncIo` need `io`, and those with a `CancellationToken` need `tokio-util`.

/// Makes a page of the Markdown file that has its name. The search of the documentation finds it by the words.
macro_rules! page {
    ($name:ident: $($word:literal),+) => {
        #[doc = include_str!(concat!("../docs/guide/", stringify!($name), ".md"))]
        // Pages have links to what only a feature adds.
        #[cfg_attr(
            not(all(feature = "concurrent", feature = "io", feature = "stream", feature = "tokio-util")),
            allow(rustdoc::broken_intra_doc_links)
        )]
        #[doc(alias($($word),+))]
        pub mod $name {}
    };
}

page!(which_way: "static Runtime", "block_on", "how to wait");
page!(runtime_within_runtime: "Cannot start a runtime from within a runtime", "Cannot drop a runtime");
page!(no_reactor: "there is no reactor running", "reactor", "timers are disabled");
page!(not_send: "future cannot be sent between threads safely", "Send", "MutexGuard");
page!(many_calls: "join_all", "join", "try_join", "select", "JoinSet", "FuturesUnordered");
page!(timeouts: "timeout", "Ctrl-C", "ctrl_c", "cancel", "SIGINT", "deadline");
page!(statics: "LazyLock", "OnceCell", "OnceLock", "lazy_static", "poisoned", "static client");
page!(drop_and_exit: "Drop", "async drop", "destructor", "exit", "clean-up", "graceful shutdown");
page!(testing: "tokio::test", "mock", "mockall", "automock", "nextest", "paused clock", "unit test");
page!(streams_and_files: "Stream", "Iterator", "SyncIoBridge", "AsyncRead", "AsyncWrite", "flush", "tokio::fs");
page!(offload: "spawn_blocking", "CPU-bound", "blocking code");
page!(rayon: "par_iter", "ThreadPool", "parallel");
page!(servers: "axum", "hyper", "tonic", "actix", "handler", "web server");
page!(gui: "event loop", "winit", "frame", "main loop", "freeze");
page!(other_languages: "Python", "PyO3", "GIL", "FFI", "C library", "dlclose");
page!(processes_and_threads: "fork", "thread exit", "multiprocessing", "daemon", "thread pool");
page!(big_futures: "stack overflow", "Box::pin", "recursion", "future size");
page!(two_faces: "blocking twin", "sync client", "sync API", "blocking client", "library");
page!(troubleshooting: "deadlock", "hang", "slow call", "watchdog", "debug");
page!(migrate: "reqwest::blocking", "pollster", "maybe_async", "safe_block_on", "block_in_place", "asgiref");
page!(implementation: "thread", "driver thread", "spawn", "which thread");
page!(faq: "dependencies", "MSRV", "limits", "wasm", "platforms");
