//! One build with all mutants that compile.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

use crate::copy;
use crate::folder;
use crate::list::{Genre, Mutant};
use crate::rewrite::{Rewriter, Rewritten};

/// Which mutants are in the build, and why the others are not, by number.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Build {
    /// Of the sources.
    hash: u64,
    pub(crate) viable: BTreeSet<usize>,
    /// They do not compile, as with cargo-mutants itself.
    pub(crate) unviable: BTreeSet<usize>,
    /// They may compile, but cannot be chosen at run time: constants, `impl Trait`.
    pub(crate) fixed: BTreeSet<usize>,
    /// They are in code that is for other platforms or sets of features.
    pub(crate) absent: BTreeSet<usize>,
}

/// A test binary.
#[derive(Clone, Debug)]
pub(crate) struct Binary {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    /// Where Cargo would run it: the folder of its package.
    pub(crate) folder: PathBuf,
}

#[derive(Deserialize)]
struct Line {
    reason: String,
    message: Option<Message>,
    executable: Option<PathBuf>,
    manifest_path: Option<PathBuf>,
    target: Option<Target>,
    profile: Option<Profile>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

#[derive(Deserialize)]
struct Message {
    level: String,
    rendered: String,
    spans: Vec<RustSpan>,
}

#[derive(Deserialize)]
struct RustSpan {
    file_name: String,
    byte_start: usize,
    byte_end: usize,
    is_primary: bool,
}

/// What is built, and how.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Whose mutants these are.
    pub(crate) package: &'static str,
    /// What Cargo builds: the tests.
    pub(crate) build: Vec<&'static str>,
    pub(crate) environment: Vec<(&'static str, String)>,
    /// The module that chooses a mutant.
    pub(crate) switch: &'static str,
    /// Changes `lib.rs`, beside the mutants.
    pub(crate) hook: fn(&str) -> String,
}

/// Runs Cargo in the copy, and returns what it says.
fn cargo(plan: &Plan, arguments: &[&str]) -> Vec<Line> {
    let output = Command::new("cargo")
        .args(arguments)
        .envs(plan.environment.iter().map(|(name, value)| (name, value)))
        .args(["--message-format=json", "--all-features"])
        .current_dir(copy::tree())
        .env("CARGO_TARGET_DIR", folder().join("build"))
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_INCREMENTAL", "0")
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo can be run");
    let text = String::from_utf8(output.stdout).expect("its messages are UTF-8");
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

impl Line {
    fn is_error(&self) -> bool {
        self.message
            .as_ref()
            .is_some_and(|message| message.level == "error" && !message.spans.is_empty())
    }
}

fn errors(lines: &[Line]) -> Vec<&Message> {
    lines.iter().filter(|line| line.is_error()).filter_map(|line| line.message.as_ref()).collect()
}

/// The sources of one package, with the mutants in `chosen`.
struct Sources<'m> {
    plan: &'m Plan,
    mutants: &'m [Mutant],
    library: String,
    originals: BTreeMap<String, String>,
    rewritten: BTreeMap<String, Rewritten>,
}

impl<'m> Sources<'m> {
    fn new(plan: &'m Plan, mutants: &'m [Mutant]) -> Sources<'m> {
        let source = |mutant: &Mutant| {
            let path = crate::root().join(&mutant.file);
            (mutant.file.clone(), fs::read_to_string(path).expect("its file can be read"))
        };
        let originals: BTreeMap<_, _> = mutants.iter().map(source).collect();
        let folder = mutants[0].file.split("src/").next().expect("a split has a first part");
        Sources {
            plan,
            mutants,
            library: format!("{folder}src/lib.rs"),
            originals,
            rewritten: BTreeMap::new(),
        }
    }

    fn hash(&self) -> u64 {
        let names: Vec<_> = self.mutants.iter().map(|mutant| &mutant.name).collect();
        let own = (self.plan.switch, include_str!("rewrite.rs"));
        crate::hash(&(&self.originals, names, own))
    }

    /// Writes them to the copy, and returns those for which there is a condition.
    fn write(
        &mut self,
        chosen: &BTreeSet<usize>,
        change: impl Fn(&str) -> String,
    ) -> HashSet<usize> {
        let mut all = HashSet::new();
        for (file, source) in &self.originals {
            let own = chosen.iter().map(|number| (*number, &self.mutants[*number]));
            let own: Vec<_> = own.filter(|(_, mutant)| mutant.file == *file).collect();
            let (rewritten, found) = Rewriter::run(source, &own);
            all.extend(found);
            self.rewritten.insert(file.clone(), rewritten);
        }
        let library =
            fs::read_to_string(crate::root().join(&self.library)).expect("the library can be read");
        let library =
            self.rewritten.get(&self.library).map_or(library, |rewritten| rewritten.text.clone());
        copy::update(|name| self.originals.contains_key(name) || name == self.library);
        for (file, rewritten) in &self.rewritten {
            if *file != self.library {
                copy::write(&copy::tree().join(file), change(&rewritten.text).as_bytes());
            }
        }
        let library = change(&format!("{}\nmod mutant;\n", (self.plan.hook)(&library)));
        copy::write(&copy::tree().join(&self.library), library.as_bytes());
        let switch = copy::tree().join(self.library.replace("lib.rs", "mutant.rs"));
        copy::write(&switch, self.plan.switch.as_bytes());
        all
    }
}

/// Builds the tests with all mutants that compile.
pub(crate) fn run(plan: &Plan, mutants: &[Mutant]) -> (Build, Vec<Binary>) {
    let mut sources = Sources::new(plan, mutants);
    let check = ["check", "--lib", "--package", plan.package];
    let last = folder().join("build.json");
    let known = fs::read(&last).ok().and_then(|text| serde_json::from_slice::<Build>(&text).ok());
    let mut build = known
        .filter(|known| known.hash == sources.hash())
        .unwrap_or_else(|| present(&mut sources, &check));
    let built = loop {
        sources.write(&build.viable, str::to_owned);
        let numbers = serde_json::to_vec(&build).expect("numbers are JSON");
        fs::write(&last, numbers).expect("the target can be written");
        let mut lines = cargo(plan, &check);
        if !lines.iter().any(Line::is_error) {
            // It finds errors that a check does not, like an overflow.
            lines = cargo(plan, &plan.build);
        }
        let errors = errors(&lines);
        if errors.is_empty() {
            break lines;
        }
        let before = build.viable.len();
        for error in &errors {
            drop_mutants(error, &sources, &mut build);
        }
        println!("{} errors: {} of {before} mutants are left", errors.len(), build.viable.len());
        assert!(build.viable.len() < before, "no mutant explains this:\n{}", errors[0].rendered);
    };
    let binaries = built.into_iter().filter_map(|line| {
        let is_test =
            line.reason == "compiler-artifact" && line.profile.is_some_and(|profile| profile.test);
        let target = line.target.filter(|_| is_test)?;
        let name = if target.kind.contains(&"test".to_owned()) {
            target.name
        } else {
            format!("{} (unit)", target.name)
        };
        let folder = line.manifest_path?.parent()?.to_owned();
        Some(Binary { name, path: line.executable?, folder })
    });
    let binaries: Vec<_> = binaries.collect();
    assert!(!binaries.is_empty(), "the tests do not build");
    (build, binaries)
}

/// Leaves out what is not compiled, or has no condition.
fn present(sources: &mut Sources<'_>, check: &[&str]) -> Build {
    let all: BTreeSet<_> = (0..sources.mutants.len()).collect();
    // An error for each mutant that is compiled.
    let found = sources.write(&all, |text| text.replace("mutant::on(", "mutant::no("));
    let found = found.into_iter().collect();
    let mut viable = BTreeSet::new();
    for span in errors(&cargo(sources.plan, check)).into_iter().flat_map(|error| &error.spans) {
        let Some(rewritten) = sources.rewritten.get(&span.file_name) else { continue };
        let rest = rewritten.text[span.byte_end..].strip_prefix('(');
        let number = rest.and_then(|rest| rest.split(')').next()?.parse::<usize>().ok());
        viable.extend(number);
    }
    let (fixed, absent) = (&all - &found, &found - &viable);
    Build { hash: sources.hash(), viable, fixed, absent, unviable: BTreeSet::new() }
}

/// Finds what an error comes from: the text of a mutant, or the condition around an expression.
fn drop_mutants(error: &Message, sources: &Sources<'_>, build: &mut Build) {
    let primary = error.spans.iter().filter(|span| span.is_primary);
    for span in primary.chain(error.spans.iter().filter(|span| !span.is_primary)) {
        let Some(rewritten) = sources.rewritten.get(&span.file_name) else { continue };
        let touches = |range: &std::ops::Range<usize>| {
            range.start < span.byte_end && span.byte_start < range.end
        };
        let starts = |range: &std::ops::Range<usize>| range.contains(&span.byte_start);
        if let Some((_, number)) = rewritten.pieces.iter().find(|(range, _)| starts(range)) {
            build.viable.remove(number);
            // A deleted field leaves a value of the same type.
            let is_field = sources.mutants[*number].genre == Genre::StructField;
            if is_field { &mut build.fixed } else { &mut build.unviable }.insert(*number);
            return;
        }
        let around = rewritten.sites.iter().filter(|(range, _)| touches(range));
        if let Some(innermost) = around.clone().map(|(range, _)| range.len()).min() {
            for (_, number) in around.filter(|(range, _)| range.len() == innermost) {
                build.viable.remove(number);
                // Whether a match lacks an arm does not depend on the condition.
                let is_arm = sources.mutants[*number].genre == Genre::MatchArm;
                if is_arm { &mut build.unviable } else { &mut build.fixed }.insert(*number);
            }
            return;
        }
    }
}
