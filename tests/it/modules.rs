//! The modules of the library use one another in one direction.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

type Uses = BTreeMap<String, BTreeSet<String>>;

/// What the files of each module, those in its folder included, take from other modules.
fn uses() -> Uses {
    let mut uses = Uses::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    collect(&source, None, &mut uses);
    // It re-exports.
    uses.remove("lib");
    uses
}

fn collect(folder: &Path, module: Option<&str>, uses: &mut Uses) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let module = module.unwrap_or(stem);
        if path.is_dir() {
            collect(&path, Some(module), uses);
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let named = code.flat_map(|line| line.split("crate::").skip(1));
        let name = |rest: &str| {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            rest[..end].to_owned()
        };
        let used = uses.entry(module.to_owned()).or_default();
        used.extend(named.map(name).filter(|used| *used != module && !used.is_empty()));
    }
}

/// A way from `module` back to itself, if there is one.
fn circle(module: &str, uses: &Uses) -> Option<Vec<String>> {
    let mut ways = vec![vec![module.to_owned()]];
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop() {
        for next in uses.get(way.last().unwrap()).into_iter().flatten() {
            let way: Vec<_> = way.iter().chain([next]).cloned().collect();
            if next == module {
                return Some(way);
            }
            if seen.insert(next.clone()) {
                ways.push(way);
            }
        }
    }
    None
}

#[test]
fn no_two_modules_use_each_other() {
    let uses = uses();
    assert!(uses["call"].contains("bridge"), "the sources are read: {uses:#?}");
    let circles: Vec<_> = uses.keys().filter_map(|module| circle(module, &uses)).collect();
    assert!(circles.is_empty(), "{circles:#?}");
}

/// The way of a call, from the top down.
#[test]
fn a_call_goes_down_only() {
    const STOPS: [&str; 6] = ["call", "bridge", "cache", "exec", "runtime", "context"];
    let uses = uses();
    for (below, stop) in STOPS.iter().enumerate() {
        for above in &STOPS[..below] {
            assert!(!uses[*stop].contains(*above), "{stop} uses {above}");
        }
    }
}
