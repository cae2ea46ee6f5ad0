//! The code that one more wait takes, measured on stripped programs with 10 and with 30 different futures.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::table::Row;
use crate::{Profile, root, target, turns};

const FEW: u64 = 10;
const MANY: u64 = 30;

/// A way to wait: how its functions are decorated, and how one of them is called.
struct Kind {
    name: &'static str,
    attribute: &'static str,
    call: &'static str,
}

const ATTRIBUTE: &str = "#[smartasync::smartasync]";

const KINDS: [Kind; 5] = [
    Kind { name: "handle", attribute: "", call: "runtime.handle().block_on(work_N(x))" },
    Kind { name: "wait", attribute: ATTRIBUTE, call: "work_N(x).wait()" },
    Kind {
        name: "wait_timeout",
        attribute: ATTRIBUTE,
        call: "work_N(x).wait_timeout(limit).unwrap_or(1)",
    },
    Kind { name: "block_on", attribute: "", call: "smartasync::block_on(work_N(x))" },
    Kind { name: "runtime", attribute: "", call: "runtime.block_on(work_N(x))" },
];

pub(crate) fn rows(profile: Profile) -> Vec<Row> {
    let programs = Programs::write();
    programs.build(profile, &[]);
    let [handle, wait, wait_timeout, block_on, _runtime] =
        KINDS.map(|kind| programs.slope(profile, kind.name));
    programs.build(profile, &["--features", "tracing"]);
    let traced = programs.slope(profile, "wait");
    let name = |what: &str| format!("code, {}, {what}", profile.name());
    let row =
        |what: &str, figure, at_most| Row::new(name(what), figure, "bytes").beside(handle, at_most);
    vec![
        Row::new(name("Handle::block_on"), handle, "bytes"),
        row("wait", wait, 2.0),
        row("wait_timeout", wait_timeout, 2.5),
        row("block_on", block_on, 2.0),
        row("wait, feature tracing", traced, 2.2),
    ]
}

/// Returns how long the compiler takes for one more wait: the difference between programs with many and with few, which are
/// built again in turns.
pub(crate) fn times(profile: Profile) -> Vec<Row> {
    let programs = Programs::write();
    programs.build(profile, &[]);
    let kinds =
        [("Handle::block_on", "handle"), ("Runtime::block_on", "runtime"), ("wait", "wait")];
    let of_kind = |(_, kind): &(&str, &str)| [FEW, MANY].map(|count| format!("{kind}_{count}"));
    let names: Vec<String> = kinds.iter().flat_map(of_kind).collect();
    let mut builds: Vec<_> = names.iter().map(|name| || programs.rebuild(profile, name)).collect();
    let mut builds: Vec<_> = builds.iter_mut().map(|build| build as &mut dyn FnMut()).collect();
    let times = turns::take_all(7, &mut builds);
    let row = |(kind, (name, _)): (usize, &(&str, &str))| {
        let [few, many] = [2 * kind, 2 * kind + 1].map(|build| times.median(build));
        let more = many.saturating_sub(few).as_micros();
        let more = u64::try_from(more).expect("a build takes less than a year") / (MANY - FEW);
        Row::new(format!("time, {}, {name}", profile.name()), more, "us")
    };
    kinds.iter().enumerate().map(row).collect()
}

/// A package with one program for each kind and count.
struct Programs {
    folder: PathBuf,
}

impl Programs {
    fn write() -> Programs {
        let folder = target().join("costs");
        let sources = folder.join("src/bin");
        fs::create_dir_all(&sources).expect("the target folder can be written");
        let library = root().canonicalize().expect("the workspace is there");
        let manifest = format!(
            "[package]\nname = \"waits\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
             [workspace]\n\
             [features]\ntracing = [\"smartasync/tracing\"]\n\
             [dependencies]\nsmartasync = {{ path = {library:?} }}\n\
             tokio = {{ version = \"1.54.1\", features = [\"rt\", \"time\"] }}\n\
             [profile.release]\nstrip = true\n[profile.dev]\nstrip = true\nincremental = false\n"
        );
        fs::write(folder.join("Cargo.toml"), manifest).expect("the manifest can be written");
        fs::copy(library.join("Cargo.lock"), folder.join("Cargo.lock")).expect("so can its lock");
        for (kind, count) in KINDS.iter().flat_map(|kind| [(kind, FEW), (kind, MANY)]) {
            let program = sources.join(format!("{}_{count}.rs", kind.name));
            fs::write(program, source(kind, count)).expect("the sources can be written");
        }
        Programs { folder }
    }

    fn build(&self, profile: Profile, arguments: &[&str]) {
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet"])
            .args(if arguments.contains(&"--bin") { &[][..] } else { &["--bins"] })
            .args(profile.arguments())
            .args(arguments)
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", self.folder.join("target"))
            .status();
        assert!(built.expect("cargo can be run").success(), "the programs build");
    }

    /// Builds one program again.
    fn rebuild(&self, profile: Profile, program: &str) {
        let file = self.folder.join("src/bin").join(program).with_extension("rs");
        let text = fs::read_to_string(&file).expect("the source can be read");
        fs::write(&file, text).expect("the source can be written");
        self.build(profile, &["--bin", program]);
    }

    /// Returns the bytes that one more future takes.
    fn slope(&self, profile: Profile, kind: &str) -> u64 {
        let folder = self.folder.join("target").join(profile.name());
        let size = |count: u64| length(&folder.join(format!("{kind}_{count}")));
        (size(MANY) - size(FEW)) / (MANY - FEW)
    }
}

fn length(file: &Path) -> u64 {
    fs::metadata(file).expect("it was built").len()
}

fn source(kind: &Kind, count: u64) -> String {
    let mut text = String::from(
        "#![allow(unused)]\nuse std::hint::black_box;\nuse std::time::Duration;\n\
         use tokio::task::yield_now;\n",
    );
    let mut calls = String::new();
    for number in 0..count {
        let Kind { attribute, call, .. } = kind;
        writeln!(
            text,
            "{attribute}\nasync fn work_{number}(x: u64) -> u64 {{\n    \
             let mut all = vec![x; {length}];\n    yield_now().await;\n    all.push({number});\n    \
             if x > {number} {{ yield_now().await }}\n    all.iter().sum()\n}}",
            length = number % 7 + 1,
        )
        .expect("a string can be written");
        let call = call.replace('N', &number.to_string());
        writeln!(calls, "    sum += {call};").expect("a string can be written");
    }
    // Each program contains both engines.
    write!(
        text,
        "fn main() {{\n    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();\n    \
         smartasync::block_on(async {{}});\n    let limit = Duration::from_secs(black_box(9));\n    \
         let x = black_box(3);\n    let mut sum = runtime.block_on(async {{ x }});\n{calls}    \
         println!(\"{{sum}}\");\n}}\n"
    )
    .expect("a string can be written");
    text
}
