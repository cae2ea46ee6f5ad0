//! The modules of the library, and those of its macros, depend on one another in one direction only.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

type Uses = BTreeMap<String, BTreeSet<String>>;

/// Returns what each module in `source` imports from other modules. A module includes the files in its folder.
fn uses(source: &str) -> Uses {
    let mut uses = Uses::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(source);
    collect(&source, None, &mut uses);
    // `lib.rs` re-exports.
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
        let code = code.collect::<Vec<_>>().join("\n");
        let used = uses.entry(module.to_owned()).or_default();
        used.extend(code.split("crate::").skip(1).flat_map(names).filter(|used| used != module));
    }
}

/// Returns the modules that are named after a `crate::`, as in `a::B;` and in `{a, b::{C, D}};`.
fn names(path: &str) -> Vec<String> {
    let Some(list) = path.strip_prefix('{') else { return vec![name(path)] };
    let list = &list[..list.find("};").expect("an import has an end")];
    let mut depth = 0;
    let paths = list.split(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    });
    paths.map(name).filter(|name| !name.is_empty()).collect()
}

fn name(path: &str) -> String {
    let path = path.trim_start();
    let end = path.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(path.len());
    path[..end].to_owned()
}

/// Returns a path from `module` back to itself, if there is one.
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
    for (source, module, used) in [("src", "call", "bridge"), ("macros/src", "expand", "valid")] {
        let uses = uses(source);
        assert!(uses[module].contains(used), "the sources are read: {uses:#?}");
        let circles: Vec<_> = uses.keys().filter_map(|module| circle(module, &uses)).collect();
        assert!(circles.is_empty(), "{source}: {circles:#?}");
    }
}

/// The order of the modules that a call goes through.
#[test]
fn a_call_goes_down_only() {
    const STOPS: [&str; 6] = ["call", "bridge", "cache", "exec", "runtime", "context"];
    let uses = uses("src");
    for (below, stop) in STOPS.iter().enumerate() {
        for above in &STOPS[..below] {
            assert!(!uses[*stop].contains(*above), "{stop} uses {above}");
        }
    }
}
