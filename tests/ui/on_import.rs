#[smartasync::smartasync]
use std::future::ready;

fn main() {
    let _ = ready(42);
}
