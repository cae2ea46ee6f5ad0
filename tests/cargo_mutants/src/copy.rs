//! A copy of the workspace, whose sources can be changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{folder, root};

/// Where the copy is.
pub(crate) fn tree() -> PathBuf {
    folder().join("tree")
}

/// Writes a file, unless it is the same: Cargo builds again what is newer.
pub(crate) fn write(path: &Path, text: &[u8]) {
    if fs::read(path).is_ok_and(|before| before == text) {
        return;
    }
    fs::create_dir_all(path.parent().expect("a file is in a folder"))
        .expect("the copy can be written");
    fs::write(path, text).expect("the copy can be written");
}

/// Brings the copy up to date, but for the files that `is_changed`. Takes what Git would: no targets.
pub(crate) fn update(is_changed: impl Fn(&str) -> bool) {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"])
        .current_dir(root())
        .output()
        .expect("git can be run");
    let list = String::from_utf8(listed.stdout).expect("the names are UTF-8");
    let names: Vec<_> =
        list.split_terminator('\0').filter(|name| root().join(name).is_file()).collect();
    let manifest = folder().join("files");
    let before = fs::read_to_string(&manifest).unwrap_or_default();
    for gone in before.lines().filter(|name| !names.contains(name)) {
        drop(fs::remove_file(tree().join(gone)));
    }
    for name in &names {
        let (from, to) = (root().join(name), tree().join(name));
        if !is_changed(name) {
            write(&to, &fs::read(&from).expect("the workspace can be read"));
            let permissions = fs::metadata(&from).expect("the workspace can be read").permissions();
            fs::set_permissions(&to, permissions).expect("the copy can be written");
        }
    }
    fs::write(manifest, names.join("\n")).expect("the list can be written");
}
