//! The README lists what the crate depends on, no more and no less.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use crate::support::within;

/// Returns the names of the crates in the default tree.
fn tree() -> BTreeSet<String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["tree", "--offline", "--package", "smartasync", "--edges", "normal"]);
    cargo.args(["--prefix", "none", "--target", "x86_64-unknown-linux-gnu"]);
    let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    let names = lines.lines().filter_map(|line| line.split(' ').next());
    names.filter(|name| *name != "smartasync").map(str::to_owned).collect()
}

/// Returns the section of the README.
fn section() -> &'static str {
    let readme = include_str!("../../README.md");
    let (_, section) = readme.split_once("## What it depends on").expect("the section is there");
    section.split_once("\n## ").expect("it has an end").0
}

/// Returns the names in the first column of its table.
fn listed() -> BTreeSet<String> {
    let rows = section().lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| row.split('`').next().unwrap().to_owned()).collect()
}

#[test]
fn the_readme_lists_each_crate_of_the_default_tree() {
    // Cargo may have to wait for another one.
    within(Duration::from_secs(300), |_| {
        let tree = tree();
        assert_eq!(listed(), tree);
        assert!(section().contains(&format!("{} crates", tree.len())), "{}", tree.len());
    });
}
