//! What cargo-mutants would change.

use std::process::Command;

use serde::Deserialize;

use crate::root;

/// A row of `cargo mutants --list --json`. Its number is its place in that list.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Mutant {
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) genre: Genre,
    pub(crate) replacement: String,
    pub(crate) span: Span,
    pub(crate) function: Option<Function>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Hash)]
pub(crate) enum Genre {
    FnValue,
    BinaryOperator,
    UnaryOperator,
    MatchArm,
    MatchArmGuard,
    StructField,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Function {
    pub(crate) return_type: String,
    pub(crate) span: Span,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Span {
    pub(crate) start: Position,
    pub(crate) end: Position,
}

/// Both are counted from 1.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Hash)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Mutant {
    /// Where in the file it is: the mutants of one function body have the end of that body in common.
    pub(crate) fn place(&self) -> Position {
        match (self.genre, &self.function) {
            (Genre::FnValue, Some(function)) => function.span.end,
            _ => self.span.start,
        }
    }
}

/// The mutants of one package, as `.cargo/mutants.toml` chooses them.
pub(crate) fn read(package: &str) -> Vec<Mutant> {
    let listed = Command::new("cargo")
        .args(["mutants", "--list", "--json", "--package", package])
        .current_dir(root())
        .output()
        .expect("cargo can be run");
    let complaint = String::from_utf8_lossy(&listed.stderr);
    assert!(listed.status.success(), "`cargo install cargo-mutants --locked`? {complaint}");
    serde_json::from_slice(&listed.stdout).expect("the list has the form of version 27")
}
