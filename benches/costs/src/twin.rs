//! The code that a crate needs to call a hundred async methods of a library: each with a wait, and those of the twin.
//! The twin's are compiled in the library.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::table::Row;
use crate::{Profile, root, target, turns};

const METHODS: usize = 100;

/// A crate that calls the library's methods.
struct Caller {
    name: &'static str,
    /// The options of the library's block.
    options: &'static str,
    client: &'static str,
    /// How method `N` is called.
    call: &'static str,
}

// A debug build reuses what the library has compiled. So that for waits has no twin, which waits too.
const WAITS: Caller =
    Caller { name: "waits", options: "", client: "Client", call: "client.method_N(x).wait()" };

const TWIN: Caller = Caller {
    name: "twin",
    options: "(blocking)",
    client: "BlockingClient",
    call: "client.method_N(x)",
};

pub(crate) fn rows(profile: Profile) -> Vec<Row> {
    let [waits, twin] = [WAITS, TWIN].map(|caller| code(&caller.write(), profile));
    let name = |what: &str| format!("code, {}, {METHODS} {what}", profile.name());
    vec![
        Row::new(name("waits elsewhere"), waits, "bytes"),
        Row::new(name("twin methods elsewhere"), twin, "bytes").beside(waits, 0.1),
    ]
}

impl Caller {
    /// Writes the library and the crate, and returns the folder of the crate.
    fn write(&self) -> PathBuf {
        let Caller { name, options, client, call } = self;
        let folder = target().join("costs_of_twins").join(name);
        let library = root().canonicalize().expect("the workspace is there");
        let dependencies = format!(
            "smartasync = {{ path = {library:?} }}\n\
             tokio = {{ version = \"1.54.1\", features = [\"rt\", \"time\"] }}\n"
        );
        write_package(&folder.join("library"), "library", &dependencies, &library_source(options));
        let calls = (0..METHODS).map(|number| call.replace('N', &number.to_string()));
        let sum = calls.collect::<Vec<_>>().join("\n        + ");
        let source = format!(
            "use library::{client};\n\npub fn sum(client: &{client}, x: u64) -> u64 {{\n    {sum}\n}}\n"
        );
        let caller = folder.join("caller");
        write_package(&caller, "caller", "library = { path = \"../library\" }\n", &source);
        caller
    }
}

fn library_source(options: &str) -> String {
    let mut methods = String::new();
    for number in 0..METHODS {
        writeln!(
            methods,
            "    pub async fn method_{number}(&self, x: u64) -> u64 {{\n        \
             let mut all = vec![x; {length}];\n        yield_now().await;\n        all.push({number});\n        \
             if x > {number} {{ yield_now().await }}\n        all.iter().sum()\n    }}",
            length = number % 7 + 1,
        )
        .expect("a string can be written");
    }
    format!(
        "use tokio::task::yield_now;\n\npub struct Client;\n\n#[smartasync::smartasync{options}]\n\
         impl Client {{\n{methods}}}\n"
    )
}

fn write_package(folder: &Path, name: &str, dependencies: &str, source: &str) {
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n\
         [dependencies]\n{dependencies}[profile.dev]\ndebug = 0\nincremental = false\n"
    );
    fs::create_dir_all(folder.join("src")).expect("the target folder can be written");
    fs::write(folder.join("Cargo.toml"), manifest).expect("the manifest can be written");
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock")).expect("so can its lock");
    fs::write(folder.join("src/lib.rs"), source).expect("the source can be written");
}

/// Prints how long it takes to build the two crates again, in turns.
pub(crate) fn time_rebuilds(profile: Profile) {
    let [waits, twin] = [WAITS, TWIN].map(|caller| caller.write());
    // The first builds are those of the dependencies too.
    let _ = [&waits, &twin].map(|package| code(package, profile));
    let rebuild = |package: &Path| {
        let source = package.join("src/lib.rs");
        let text = fs::read_to_string(&source).expect("the source can be read");
        fs::write(&source, text).expect("the source can be written");
        let _ = code(package, profile);
    };
    let [waits, twin] = turns::medians(5, [&mut || rebuild(&waits), &mut || rebuild(&twin)]);
    let ratio = twin.as_secs_f64() / waits.as_secs_f64();
    let profile = profile.name();
    println!(
        "{profile}: {METHODS} waits {waits:?}, {METHODS} twin methods {twin:?}, ratio {ratio:.2}"
    );
}

/// Returns the bytes of code in the object file of a package alone.
fn code(package: &Path, profile: Profile) -> u64 {
    let object: PathBuf = package.join(format!("{}.o", profile.name()));
    let built = Command::new(env!("CARGO"))
        .args(["rustc", "--quiet", "--lib"])
        .args(profile.arguments())
        .args(["--", "-Ccodegen-units=1", &format!("--emit=link,obj={}", object.display())])
        .current_dir(package)
        .env("CARGO_TARGET_DIR", package.with_file_name("target"))
        .status();
    assert!(built.expect("cargo can be run").success(), "{package:?} builds");
    // Its second line: text, data, bss ...
    let size = Command::new("size").arg(&object).output().expect("binutils are there");
    let sizes = String::from_utf8(size.stdout).expect("numbers are text");
    let text = sizes.lines().nth(1).and_then(|line| line.split_whitespace().next());
    text.and_then(|text| text.parse().ok()).expect("the first number is the size of the code")
}
