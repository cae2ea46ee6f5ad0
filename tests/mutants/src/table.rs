//! The table of mutants.

use std::fs;

use serde::Deserialize;

use crate::root;

/// A row: a change of one line, and the models that must fail because of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mutant {
    pub(crate) name: String,
    /// The file that contains the line, relative to the root of the workspace.
    pub(crate) file: String,
    pub(crate) old: String,
    pub(crate) new: String,
    pub(crate) models: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    mutant: Vec<Mutant>,
}

pub(crate) fn read() -> Vec<Mutant> {
    let text =
        fs::read_to_string(root().join("tests/mutants/mutants.toml")).expect("the table is there");
    let table: Table =
        toml::from_str(&text).unwrap_or_else(|error| panic!("mutants.toml: {error}"));
    table.mutant
}
