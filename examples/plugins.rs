//! A host of plugins, whose one function is called by sync code and by async code.
//!
//! Run with: `cargo run --example plugins`

use std::time::Duration;

use smartasync::{Outcome, smartasync};

/// What a plugin implements. With `boxed` it can be a `dyn Plugin`.
#[smartasync(boxed)]
trait Plugin: Send + Sync {
    async fn edit(&self, text: String) -> String;
}

struct Capitals;

#[smartasync(boxed)]
impl Plugin for Capitals {
    async fn edit(&self, text: String) -> String {
        text.to_uppercase()
    }
}

/// Asks somebody else, which takes time.
struct Translator;

#[smartasync(boxed)]
impl Plugin for Translator {
    async fn edit(&self, text: String) -> String {
        tokio::time::sleep(Duration::from_millis(20)).await;
        text.replace("hello", "bonjour")
    }
}

struct Host {
    plugins: Vec<Box<dyn Plugin>>,
}

impl Host {
    /// Passes a text through all plugins: at once where the caller may block, and as a future where it must not.
    fn edit(&self, text: &str) -> Outcome<impl Future<Output = String>> {
        self.edit_by_each(text).dispatch()
    }

    #[smartasync]
    async fn edit_by_each(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for plugin in &self.plugins {
            text = plugin.edit(text).await;
        }
        text
    }
}

/// A menu, a script, a thread of a pool.
fn sync_caller(host: &Host) {
    match host.edit("hello from sync code") {
        Outcome::Ready(text) => println!("a value: {text}"),
        Outcome::Pending(_) => println!("a future, which sync code does not get"),
    }
}

/// A handler of a server.
async fn async_caller(host: &Host) {
    let outcome = host.edit("hello from async code");
    let kind = if outcome.is_ready() { "a value" } else { "a future" };
    // Either can be awaited.
    println!("{kind}: {}", outcome.await);
}

fn main() {
    let host = Host { plugins: vec![Box::new(Translator), Box::new(Capitals)] };
    sync_caller(&host);

    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async_caller(&host));
}
