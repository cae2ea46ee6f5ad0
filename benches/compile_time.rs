//! What does the attribute cost the compiler? `cargo check` of a thousand `async fn`s, and of the same functions
//! decorated.
//!
//! Run with `cargo bench --bench compile_time`. It prints the medians and their ratio.

mod turns;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const TICKS: usize = 5;

/// Functions like those of a client. `N` stands for the number of the function.
const SHAPES: [&str; 5] = [
    "pub async fn get_N(client: &Client, path: &str, retries: u32) -> Result<String, Error> {
        let mut left = retries;
        loop {
            match client.send(\"GET\", path, None).await {
                Ok(response) if response.status == 200 => return Ok(response.text().await?),
                Ok(response) => return Err(Error::Status(response.status)),
                Err(error) if left == 0 => return Err(error),
                Err(_) => left -= 1,
            }
            tokio::time::sleep(client.pause).await;
        }
    }",
    "pub async fn list_N<T: From<String> + Send>(client: &Client, (from, to): (usize, usize)) -> Result<Vec<T>, Error> {
        let mut items = Vec::with_capacity(to - from);
        for page in from..to {
            let response = client.send(\"LIST\", &page.to_string(), None).await?;
            items.extend(response.text().await?.lines().map(|line| T::from(line.to_owned())));
        }
        Ok(items)
    }",
    "pub async fn put_N(client: &mut Client, body: Vec<u8>, _key: String) -> Option<u16> {
        let length = body.len();
        let response = client.send(\"PUT\", \"N\", Some(body)).await.ok()?;
        client.sent += length;
        let response = client.retry(response).await.ok()?;
        Some(response.status)
    }",
    "pub async fn both_N(one: &Client, other: &Client) -> Result<(String, String), Error> {
        let first = one.send(\"GET\", \"N\", None).await?;
        let second = other.send(\"GET\", &first.text().await?, None).await?;
        Ok((one.retry(second).await?.text().await?, String::new()))
    }",
    "pub async fn close_N(mut client: Client) {
        client.sent = 0;
        if let Ok(response) = client.send(\"QUIT\", \"N\", None).await {
            drop(response.text().await);
        }
    }",
];

/// The client that the functions call.
const CLIENT: &str = "
    use smartasync as _;
    use std::time::Duration;

    pub struct Client { pub pause: Duration, pub sent: usize }
    pub struct Response { pub status: u16, text: String }
    pub enum Error { Status(u16), Closed }

    impl Client {
        pub async fn send(&self, verb: &str, path: &str, body: Option<Vec<u8>>) -> Result<Response, Error> {
            tokio::task::yield_now().await;
            if path.is_empty() { return Err(Error::Closed); }
            Ok(Response { status: 200, text: format!(\"{verb} {path} {body:?}\") })
        }

        pub async fn retry(&self, response: Response) -> Result<Response, Error> {
            self.send(\"RETRY\", &response.text, None).await
        }
    }

    impl Response {
        pub async fn text(self) -> Result<String, Error> {
            tokio::task::yield_now().await;
            Ok(self.text)
        }
    }
";

/// A crate whose functions all have the attribute, or all have none.
struct Functions {
    folder: PathBuf,
}

impl Functions {
    fn write(name: &str, attribute: &str, count: usize) -> Functions {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compile_time").join(name);
        fs::create_dir_all(folder.join("src")).expect("the target folder can be written");
        let root = env!("CARGO_MANIFEST_DIR");
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
             [workspace]\n\
             [dependencies]\nsmartasync = {{ path = {root:?} }}\n\
             tokio = {{ version = \"1.54\", features = [\"rt\", \"time\"] }}\n"
        );
        fs::write(folder.join("Cargo.toml"), manifest).expect("the manifest can be written");
        let lock = Path::new(root).join("Cargo.lock");
        fs::copy(lock, folder.join("Cargo.lock")).expect("the lock file can be copied");
        fs::write(folder.join("src/lib.rs"), source(attribute, count)).expect("the source too");
        Functions { folder }
    }

    /// Runs `cargo check` on the crate alone.
    fn check(&self) {
        let source = self.folder.join("src/lib.rs");
        let text = fs::read_to_string(&source).expect("the source can be read");
        fs::write(&source, text).expect("the source can be written");
        let target = self.folder.with_file_name("target");
        let checked = Command::new(env!("CARGO"))
            .args(["check", "--quiet", "--offline"])
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", target)
            .env("CARGO_INCREMENTAL", "0")
            .status();
        assert!(checked.expect("cargo can be run").success());
    }
}

fn source(attribute: &str, count: usize) -> String {
    let mut source = String::from(CLIENT);
    for number in 0..count {
        let function = SHAPES[number % SHAPES.len()].replace("_N", &format!("_{number}"));
        writeln!(source, "{attribute}\n{function}").expect("a string can be written");
    }
    source
}

fn main() {
    let rounds = turns::rounds(TICKS);
    let count = if rounds == TICKS { 1_000 } else { 10 };
    let [plain, decorated] = [("plain", ""), ("decorated", "#[smartasync::smartasync]")]
        .map(|(name, attribute)| Functions::write(name, attribute, count));
    // The first checks build the dependencies, which are not measured.
    plain.check();
    decorated.check();
    let [plain, decorated] =
        turns::medians(rounds, [&mut || plain.check(), &mut || decorated.check()]);
    let ratio = decorated.as_secs_f64() / plain.as_secs_f64();
    println!("{count} functions: plain {plain:?}, decorated {decorated:?}, ratio {ratio:.3}");
}
