//! Which mutant is on in the crate of a macro. A copy of this file is in that crate, with all mutants in one build.
//!
//! `MUTANT=17` has the compiler that loads the macro use one. With `MUTANTS_SURVEY=FILE` each use of the macro is
//! expanded with each mutant that it reaches, and the file says which of them change the expansion. The unit tests of
//! the crate are a program, in which `MUTANTS_REACHED=FILE` notes the mutants that they come to.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::path::Path;
use std::sync::{LazyLock, Mutex};

use proc_macro::TokenStream;

/// A mutant may come to conditions so many times as often as the macro does without it: otherwise it loops.
const LOOPS: u64 = 100;

thread_local! {
    static CHOSEN: Cell<Option<u32>> =
        Cell::new(env::var("MUTANT").ok().and_then(|number| number.parse().ok()));
    /// The mutants whose places an expansion has come to, while one is recorded.
    static REACHED: RefCell<Option<Vec<u32>>> = const { RefCell::new(None) };
    static STEPS: Cell<u64> = const { Cell::new(0) };
    static LIMIT: Cell<u64> = const { Cell::new(u64::MAX) };
}

/// Where a program notes what it reaches, and what it has noted.
static RECORD: LazyLock<Option<Mutex<(File, HashSet<u32>)>>> = LazyLock::new(|| {
    let file = File::create(env::var_os("MUTANTS_REACHED")?).expect("the record can be written");
    Some(Mutex::new((file, HashSet::new())))
});

pub(crate) fn on(number: u32) -> bool {
    STEPS.set(STEPS.get() + 1);
    if STEPS.get() > LIMIT.get() {
        panic_any("it loops");
    }
    REACHED.with_borrow_mut(|reached| {
        if let Some(reached) = reached.as_mut().filter(|reached| !reached.contains(&number)) {
            reached.push(number);
        }
    });
    if let Some(record) = &*RECORD {
        let (file, noted) = &mut *record.lock().expect("nothing here panics");
        if noted.insert(number) {
            writeln!(file, "reached {number}").expect("the record can be written");
        }
    }
    CHOSEN.get() == Some(number)
}

/// Expands the macro as the environment asks for.
pub(crate) fn expand(
    args: TokenStream,
    item: TokenStream,
    macro_itself: fn(TokenStream, TokenStream) -> TokenStream,
) -> TokenStream {
    match env::var_os("MUTANTS_SURVEY") {
        Some(file) => survey(args, item, macro_itself, file.as_ref()),
        None => macro_itself(args, item),
    }
}

/// Adds lines to the file: `reached N` and `changed N`. The file beside it, `.now`, has the mutant whose expansion goes
/// on: one may end the process.
fn survey(
    args: TokenStream,
    item: TokenStream,
    macro_itself: fn(TokenStream, TokenStream) -> TokenStream,
    path: &Path,
) -> TokenStream {
    let known = fs::read_to_string(path).unwrap_or_default();
    let known: HashSet<&str> = known.lines().collect();
    let open = OpenOptions::new().append(true).create(true).open(path);
    let mut file = open.expect("the survey can be written");
    let mut note = |word: &str, number: u32| {
        let line = format!("{word} {number}");
        if !known.contains(line.as_str()) {
            writeln!(file, "{line}").expect("the survey can be written");
        }
    };

    REACHED.set(Some(Vec::new()));
    STEPS.set(0);
    let expanded = macro_itself(args.clone(), item.clone());
    let reached = REACHED.take().unwrap_or_default();
    let steps = STEPS.get();
    // It has the places of the tokens too.
    let text = format!("{expanded:?}");
    for number in reached {
        note("reached", number);
        if known.contains(format!("changed {number}").as_str()) {
            continue;
        }
        fs::write(path.with_extension("now"), number.to_string())
            .expect("the survey can be written");
        CHOSEN.set(Some(number));
        STEPS.set(0);
        LIMIT.set(steps * LOOPS);
        let call = || macro_itself(args.clone(), item.clone());
        let other = catch_unwind(AssertUnwindSafe(call));
        LIMIT.set(u64::MAX);
        CHOSEN.set(None);
        if !other.is_ok_and(|other| format!("{other:?}") == text) {
            note("changed", number);
        }
    }
    let _ = fs::remove_file(path.with_extension("now"));
    expanded
}
