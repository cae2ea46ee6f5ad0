//! Random trees of contexts, with an oracle that knows the right verdict by construction.
//!
//! At each node of a tree `context()`, `try_wait()` and `dispatch()` are compared with the oracle's answer.
//! proptest shrinks a failure to a small tree. A tree that takes longer than 30 s counts as a hang: it is printed
//! and fails the run. `tests/README.md` says how to run more trees.

mod oracle;
mod run;
#[path = "../support/mod.rs"]
mod support;
mod tree;

use std::sync::Mutex;
use std::time::{Duration, Instant};
use std::{env, process, thread};

use proptest::test_runner::{
    Config, FileFailurePersistence, RngAlgorithm, TestCaseError, TestRng, TestRunner,
};

use tree::Sync;

/// The tree that runs now, and when it began.
static RUNNING: Mutex<Option<(Instant, String)>> = Mutex::new(None);

#[test]
fn no_tree_of_contexts_gets_a_wrong_verdict() {
    // A debug build takes ten times as long, and a change is tried with it often.
    let default = if cfg!(debug_assertions) { 1_000 } else { 10_000 };
    let trees = number("SMARTASYNC_FUZZ_TREES").unwrap_or(default);
    let seed = number("SMARTASYNC_FUZZ_SEED").unwrap_or_else(rand_seed);
    println!("{trees} trees of seed {seed}");
    thread::spawn(watch);

    let config = Config {
        cases: u32::try_from(trees).expect("fewer than 2^32 trees"),
        // Trees that ever failed are run first.
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
            "tests/context_fuzz/failed.txt",
        ))),
        ..Config::default()
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let result = TestRunner::new_with_rng(config, rng).run(&tree::trees(), |tree| {
        check(&tree);
        Ok::<(), TestCaseError>(())
    });
    *RUNNING.lock().unwrap() = None;
    let tally = oracle::TALLY.get();
    println!("{tally:?}");
    if let Err(error) = result {
        panic!("seed {seed}: {error}");
    }
    assert!(tally.known_limits > 0, "the known limits were not generated");
    assert!(tally.parked > 0, "no call has parked in a poll");
}

fn check(tree: &Sync) {
    *RUNNING.lock().unwrap() = Some((Instant::now(), format!("{tree:#?}")));
    // The tree begins on a plain thread, so it gets a thread of its own.
    let root = tree.clone();
    let thread = thread::spawn(move || run::run_sync(&root));
    if let Err(payload) = thread.join() {
        std::panic::resume_unwind(payload);
    }
}

fn watch() {
    loop {
        thread::sleep(Duration::from_secs(1));
        if let Some((start, tree)) = &*RUNNING.lock().unwrap()
            && start.elapsed() > Duration::from_secs(30)
        {
            eprintln!("this tree hangs: {tree}");
            process::exit(101);
        }
    }
}

fn number(variable: &str) -> Option<u64> {
    let value = env::var(variable).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{variable} is to be a number, not {value}")))
}

fn rand_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(())
}
