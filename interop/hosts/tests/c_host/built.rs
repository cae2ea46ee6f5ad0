//! The program and the library, built once.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

const PACKAGE: &str = "smartasync-interop-plugin";

/// Returns the path of the program.
pub(crate) fn host() -> &'static Path {
    static HOST: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("c");
        let host = Path::new(env!("CARGO_TARGET_TMPDIR")).join("host");
        let mut compiler = Command::new(env::var_os("CC").unwrap_or_else(|| "cc".into()));
        compiler
            .args(["-std=c11", "-D_GNU_SOURCE", "-O1", "-g", "-Wall", "-Wextra", "-Werror"])
            .args(["-pthread", "-o"])
            .arg(&host)
            .args(["host.c", "callers.c", "loaded.c", "process.c", "-ldl"])
            .current_dir(folder);
        run(&mut compiler);
        host
    });
    &HOST
}

/// Returns the path of the library. It is built by itself, and so with the features that it asks for and no others.
pub(crate) fn plugin() -> &'static Path {
    static PLUGIN: LazyLock<PathBuf> = LazyLock::new(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        let (profile, folder) =
            if cfg!(debug_assertions) { ("dev", "debug") } else { ("release", "release") };
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .args(["build", "--quiet", "--package", PACKAGE, "--profile", profile, "--target-dir"])
            .arg(target)
            .current_dir(env!("CARGO_MANIFEST_DIR"));
        run(&mut cargo);
        target.join(folder).join(format!("lib{}.so", PACKAGE.replace('-', "_")))
    });
    &PLUGIN
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
