//! The crates of tests: a root of its own for each module that uses the attribute.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use syn::spanned::Spanned;

use super::unit::{Kind, Unit, command};
use crate::build::Binary;
use crate::copy;

/// The tests that use the attribute for its own sake.
pub(crate) const BUILD: &[&str] = &[
    "test",
    "--no-run",
    "--package",
    "smartasync-macros",
    "--lib",
    "--package",
    "smartasync-edition-2024",
    "--package",
    "smartasync-ui",
    "--tests",
];

/// A package, a crate of its tests, and a root that is compiled like that crate.
const WHOLE: &[(&str, &str, &str)] = &[
    ("smartasync-ui", "mocks", "tests/ui/passes/mocks.rs"),
    ("smartasync-ui", "no_prelude", "tests/ui/passes/no_prelude.rs"),
    ("smartasync-ui", "unsafe_fn", "tests/ui/passes/unsafe_fn.rs"),
    // They are of the crate itself, which takes long to build for tests, and need no more than these.
    ("smartasync-edition-2024", "attribute", "tests/panic_location.rs"),
];

/// The same for roots whose modules are apart.
const APART: &[(&str, &str, &str)] =
    &[("smartasync-edition-2024", "attribute", "tests/edition_2024/tests/attribute/main.rs")];

/// The module on whose generated code no lint may fire, also none of clippy.
const LINTS: &str = "lints";

/// Where trybuild finds what must not compile, and the test that runs it.
const FAILS: (&str, &str, &str) = ("tests/ui/fails", "ui", "what_must_not_compile");

pub(crate) fn units(binaries: &[Binary]) -> Vec<Unit> {
    let mut units = Vec::new();
    let is_own = |binary: &&Binary| binary.name == "smartasync_macros (unit)";
    let own = binaries.iter().find(is_own).expect("it is built");
    units.push(Unit::new("macros (unit)".to_owned(), Kind::Program(own.clone())));
    for (package, name, root) in WHOLE {
        units.push(tests(package, name, (*root).to_owned(), copy::tree().join(root)));
    }
    for (package, name, root) in APART {
        let root = copy::tree().join(root);
        for (module, text) in modules(&root) {
            let apart = root.with_file_name(format!("only_{module}.rs"));
            copy::write(&apart, text.as_bytes());
            if module == LINTS {
                units.push(lints(package, name, apart.clone()));
            }
            units.push(tests(package, name, format!("{name}::{module}"), apart));
        }
    }
    let (folder, binary, test) = FAILS;
    let trybuild = binaries.iter().find(|known| known.name == binary).expect("it is built");
    let files = fs::read_dir(copy::tree().join(folder)).expect("the folder can be read");
    let files = files.map(|file| file.expect("the folder can be read").path());
    let mut files: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|end| end == "rs")).collect();
    files.sort();
    units.extend(files.into_iter().map(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let file = format!("fails/{name}");
        let kind = Kind::Messages { trybuild: trybuild.clone(), test: test.to_owned(), file };
        Unit::new(format!("ui::{name}"), kind)
    }));
    units
}

fn tests(package: &str, crate_name: &str, name: String, root: PathBuf) -> Unit {
    let (rustc, environment) = command(package, crate_name);
    Unit::new(name, Kind::Tests { root, rustc, environment, is_run: true })
}

/// The same under clippy, as `.ci/run` has it.
fn lints(package: &str, crate_name: &str, root: PathBuf) -> Unit {
    let (mut rustc, environment) = command(package, crate_name);
    rustc[0] = rustc[0].replace("bin/rustc", "bin/clippy-driver");
    rustc.push("--deny=warnings".to_owned());
    let kind = Kind::Tests { root, rustc, environment, is_run: false };
    Unit::new(format!("clippy {crate_name}::{LINTS}"), kind)
}

/// A module as `main.rs` declares it.
struct Module {
    name: String,
    declaration: String,
    source: String,
}

/// Returns the text of a root for each module that uses the attribute, with the modules that it uses.
fn modules(root: &Path) -> Vec<(String, String)> {
    let text = fs::read_to_string(root).expect("the root can be read");
    let file = syn::parse_file(&text).expect("the root is Rust");
    let declared = file.items.iter().filter_map(|item| match item {
        syn::Item::Mod(module) => Some(module),
        _ => None,
    });
    let all: Vec<_> = declared
        .map(|module| {
            let name = module.ident.to_string();
            let source = source(&root.with_file_name(format!("{name}.rs")))
                + &source(&root.with_file_name(&name));
            Module { name, declaration: text[module.span().byte_range()].to_owned(), source }
        })
        .collect();
    all.iter()
        .filter(|module| {
            ["smartasync]", "smartasync("].iter().any(|word| module.source.contains(word))
        })
        .map(|module| (module.name.clone(), alone(module, &all)))
        .collect()
}

fn alone(module: &Module, all: &[Module]) -> String {
    let mut used = BTreeSet::from([module.name.as_str()]);
    loop {
        let sources = || all.iter().filter(|other| used.contains(other.name.as_str()));
        let is_named =
            |name: &str| sources().any(|source| source.source.contains(&format!("crate::{name}")));
        let more = all.iter().map(|other| other.name.as_str());
        let more: Vec<_> = more.filter(|name| !used.contains(name) && is_named(name)).collect();
        if more.is_empty() {
            break;
        }
        used.extend(more);
    }
    let declarations = all.iter().filter(|other| used.contains(other.name.as_str()));
    let declarations: Vec<_> = declarations.map(|other| other.declaration.as_str()).collect();
    format!("//! One module.\n\n{}\n", declarations.join("\n"))
}

/// The text of a file, or of all files in a folder.
fn source(path: &Path) -> String {
    if path.is_file() {
        return fs::read_to_string(path).expect("a source can be read");
    }
    let entries = fs::read_dir(path).into_iter().flatten();
    entries.map(|entry| source(&entry.expect("a folder can be read").path())).collect()
}
