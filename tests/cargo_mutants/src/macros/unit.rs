//! A crate of tests, and the command that compiles it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use crate::build::Binary;
use crate::copy;
use crate::folder;
use crate::process::{Ended, Mode, limited, run, watch};

/// What a compiler may take, with a mutant that allocates for ever.
const KIBIBYTES: u32 = 6 << 20;

/// The time of the CPU that a compiler may take. It does not depend on what else the machine does.
const SECONDS: u64 = 30;

/// A survey expands everything hundreds of times.
const SECONDS_OF_SURVEY: u64 = 600;

/// What anything may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(1200);

static TRYBUILD: Mutex<()> = Mutex::new(());

#[derive(Clone, Debug)]
pub(crate) struct Unit {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// What a check takes, and a run of the tests.
    pub(crate) check: Duration,
    pub(crate) run: Duration,
    /// The mutants that its uses of the attribute come to.
    pub(crate) reached: BTreeSet<usize>,
    /// Those of them that change the expansion of one.
    pub(crate) changed: BTreeSet<usize>,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// The unit tests of the attribute, which contain the mutants themselves. To check them is to run them.
    Program(Binary),
    /// Compiles, and its tests pass, if it `is_run`.
    Tests { root: PathBuf, rustc: Vec<String>, environment: Vec<(String, String)>, is_run: bool },
    /// A file of `tests/ui/fails`, which trybuild checks: the messages of the compiler have to be the expected ones.
    Messages { trybuild: Binary, test: String, file: String },
}

/// What is set for a compiler.
#[derive(Clone, Copy, Debug)]
pub(crate) enum With<'a> {
    Nothing,
    Mutant(usize),
    Survey(&'a Path),
    /// For a program.
    Record(&'a Path),
}

impl With<'_> {
    fn seconds(self) -> u64 {
        if let With::Survey(_) = self { SECONDS_OF_SURVEY } else { SECONDS }
    }

    fn apply(self, command: &mut Command) {
        command.env_remove("MUTANT");
        match self {
            With::Nothing => {}
            With::Mutant(number) => drop(command.env("MUTANT", number.to_string())),
            With::Survey(file) => drop(command.env("MUTANTS_SURVEY", file)),
            With::Record(file) => drop(command.env("MUTANTS_REACHED", file)),
        }
    }
}

impl Unit {
    pub(crate) fn new(name: String, kind: Kind) -> Unit {
        let (reached, changed) = (BTreeSet::new(), BTreeSet::new());
        Unit { name, kind, check: Duration::ZERO, run: Duration::ZERO, reached, changed }
    }

    /// Compiles it without code. Returns whether it compiles, or shows the expected messages, unless its time was over.
    pub(crate) fn check(&self, with: With<'_>, log: &Path) -> (Option<bool>, Duration) {
        // Only one trybuild runs at a time, and the time that it waits for another is not its own.
        let _alone = matches!(self.kind, Kind::Messages { .. })
            .then(|| TRYBUILD.lock().expect("no worker panics"));
        let command = match &self.kind {
            Kind::Program(binary) => {
                let mut command = limited(&binary.path, KIBIBYTES, Some(with.seconds()));
                // Like the attribute, they use the standard library of the compiler.
                command.env("LD_LIBRARY_PATH", compilers_libraries());
                with.apply(&mut command);
                command
            }
            Kind::Tests { .. } => self.rustc(with, "metadata", &log.with_extension("rmeta")),
            Kind::Messages { trybuild, test, file } => {
                let mut command = limited(&trybuild.path, KIBIBYTES, Some(with.seconds()));
                command.args([test, &format!("trybuild={file}")]);
                command.current_dir(&trybuild.folder).env("CARGO_MANIFEST_DIR", &trybuild.folder);
                command.env("CARGO_TARGET_DIR", folder().join("build")).stdin(Stdio::null());
                command.env("CARGO_PROFILE_DEV_BUILD_OVERRIDE_OPT_LEVEL", "1");
                with.apply(&mut command);
                command
            }
        };
        watch(command, LIMIT, log)
    }

    /// Compiles it and runs its tests.
    pub(crate) fn test(&self, with: With<'_>, limit: Duration, log: &Path) -> (Ended, Duration) {
        let Kind::Tests { environment, is_run: true, .. } = &self.kind else {
            return (Ended::Passed, Duration::ZERO);
        };
        let path = log.with_extension("test");
        let compiled = watch(self.rustc(with, "link", &path), LIMIT, log).0;
        if compiled != Some(true) {
            return (Ended::Failed(vec![]), Duration::ZERO);
        }
        let own = environment.iter().find(|(name, _)| name == "CARGO_MANIFEST_DIR");
        let folder = own.map(|(_, folder)| PathBuf::from(folder)).unwrap_or_default();
        let binary = Binary { name: self.name.clone(), path, folder };
        run(&binary, &[None], Mode::Plain, limit, log)
    }

    fn rustc(&self, with: With<'_>, emit: &str, output: &Path) -> Command {
        let Kind::Tests { root, rustc, environment, .. } = &self.kind else {
            unreachable!("trybuild compiles the others")
        };
        let mut command = limited(&rustc[0], KIBIBYTES, Some(with.seconds()));
        command.args(&rustc[1..]).arg(root).arg(format!("--emit={emit}")).arg("-o").arg(output);
        command.args(["-C", "debuginfo=0"]).current_dir(copy::tree()).stdin(Stdio::null());
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        with.apply(&mut command);
        command
    }
}

fn compilers_libraries() -> PathBuf {
    let printed = Command::new("rustc").args(["--print", "target-libdir"]).output();
    let printed = printed.expect("the compiler can be run").stdout;
    PathBuf::from(String::from_utf8_lossy(&printed).trim())
}

/// Reads the recorded command of a crate, without what says where its code goes, and the environment.
pub(crate) fn command(package: &str, name: &str) -> (Vec<String>, Vec<(String, String)>) {
    let read = |what: &str| {
        let path = folder().join(format!("commands/{package}.{name}.{what}"));
        let text = fs::read_to_string(path).expect("Cargo has compiled it");
        text.split_terminator('\0').map(str::to_owned).collect::<Vec<_>>()
    };
    let (mut kept, mut words) = (Vec::new(), read("command").into_iter().peekable());
    while let Some(word) = words.next() {
        let mut follows = |starts: &[&str]| {
            words.peek().is_some_and(|next| starts.iter().any(|start| next.starts_with(start)))
        };
        let is_of_output = word == "--out-dir"
            || word == "-C" && follows(&["metadata", "extra-filename", "incremental", "debuginfo"]);
        let starts = ["--emit", "--error-format", "--json"];
        if is_of_output {
            words.next();
        } else if !word.ends_with(".rs") && !starts.iter().any(|start| word.starts_with(start)) {
            kept.push(word);
        }
    }
    let pairs = read("environment");
    let pairs = pairs.iter().filter_map(|pair| pair.split_once('='));
    (kept, pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}
