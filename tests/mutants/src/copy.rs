//! A copy of the workspace, in which one line at a time is changed.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use crate::root;
use crate::table::Mutant;

#[derive(Debug)]
pub(crate) struct Copy {
    path: PathBuf,
}

impl Copy {
    pub(crate) fn new() -> Copy {
        let path = root().join("target/mutant");
        drop(fs::remove_dir_all(&path));
        fs::create_dir_all(&path).expect("the copy's folder can be made");
        let entries = fs::read_dir(root()).expect("the workspace can be read");
        let names = entries.map(|entry| entry.expect("the workspace can be read").file_name());
        let copied =
            names.filter(|name| name != "target" && !name.to_string_lossy().starts_with('.'));
        // With their modification times, so that `macros` is not built again.
        let status =
            Command::new("cp").arg("-Rp").args(copied).arg(&path).current_dir(root()).status();
        assert!(status.expect("cp can be run").success(), "the workspace can be copied");
        // The crate itself is always built again, since the last build may be of a mutant.
        let lib =
            File::options().append(true).open(path.join("src/lib.rs")).expect("lib.rs is copied");
        lib.set_modified(SystemTime::now()).expect("the time of lib.rs can be set");
        Copy { path }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `action` while the mutant's line is changed.
    pub(crate) fn with(&self, mutant: &Mutant, action: impl FnOnce()) {
        let file = self.path.join(&mutant.file);
        let source = fs::read_to_string(&file).expect("the check has read it");
        fs::write(&file, source.replacen(&mutant.old, &mutant.new, 1))
            .expect("the copy can be written");
        action();
        fs::write(&file, source).expect("the copy can be written");
    }
}
