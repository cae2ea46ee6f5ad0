//! The mutants of `macros/src/`. They act where the tests are compiled, so a mutant is caught by a test that does not
//! compile any more, by one that fails, or by another message of the compiler.
//!
//! Each module of tests that uses the attribute is a crate of its own here, so that it is compiled in a second or two.
//! Which mutants change the expansion of the attribute in which of these crates is found out in a survey, by the
//! compiler that loads the attribute with all mutants in it. Only these crates are tried.

mod hunt;
mod roots;
mod survey;
mod unit;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::build::{self, Build, Plan};
use crate::folder;
use crate::list::Mutant;

pub(crate) use hunt::Hunt;

const PACKAGE: &str = "smartasync-macros";

/// More than there are cores: a mutant that loops takes its whole time limit.
pub(crate) const JOBS: usize = 3;

pub(crate) fn mutants() -> Vec<Mutant> {
    crate::list::read(PACKAGE)
}

/// Builds everything, and finds out which tests each mutant may change, of those with one of these words in their
/// name.
pub(crate) fn prepare(mutants: &[Mutant], words: &str) -> (Build, Hunt) {
    let records = folder().join("commands");
    fs::create_dir_all(&records).expect("the target can be written");
    let plan = Plan {
        package: PACKAGE,
        build: roots::BUILD.to_vec(),
        environment: vec![
            ("RUSTC_WRAPPER", wrapper().display().to_string()),
            ("RUSTC_COMMANDS", records.display().to_string()),
            // The attribute runs hundreds of times in a survey.
            ("CARGO_PROFILE_DEV_BUILD_OVERRIDE_OPT_LEVEL", "1".to_owned()),
        ],
        switch: include_str!("../macro_switch.rs"),
        hook,
    };
    let (build, binaries) = build::run(&plan, mutants);
    let mut units = roots::units(&binaries);
    units.retain(|unit| words.split(',').any(|word| unit.name.contains(word)));
    let units = survey::run(units);
    (build, Hunt { units, caught: std::sync::Mutex::new(BTreeMap::new()) })
}

/// Has `mutant::expand` around the attribute. No place in the source moves: those of mutants are known.
fn hook(library: &str) -> String {
    let attribute = "#[proc_macro_attribute]\npub fn smartasync(";
    let hidden = "#[inline              ]\n    fn unwrapped_(";
    assert!(library.contains(attribute) && attribute.len() == hidden.len());
    let library = library.replace(attribute, hidden);
    format!(
        "{library}
/// The attribute.
#[proc_macro_attribute]
pub fn smartasync(args: TokenStream, item: TokenStream) -> TokenStream {{
    mutant::expand(args, item, unwrapped_)
}}
"
    )
}

/// Makes a wrapper of the compiler that notes each command and its environment.
fn wrapper() -> PathBuf {
    let path = folder().join("wrapper");
    let script = "#!/bin/sh
if [ \"$2\" = --crate-name ]; then
    record=\"$RUSTC_COMMANDS/$CARGO_PKG_NAME.$3\"
    for word in \"$@\"; do printf '%s\\0' \"$word\"; done > \"$record.$$\"
    mv \"$record.$$\" \"$record.command\"
    env -0 | grep -z ^CARGO_ > \"$record.environment\"
fi
exec \"$@\"
";
    crate::copy::write(&path, script.as_bytes());
    fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("the wrapper can be run");
    path
}
