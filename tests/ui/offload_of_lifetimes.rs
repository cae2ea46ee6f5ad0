use std::borrow::Cow;
use std::sync::MutexGuard;

use smartasync::smartasync;

#[smartasync(offload)]
fn nested(texts: Vec<&str>) -> usize {
    texts.len()
}

#[smartasync(offload)]
fn elided(data: MutexGuard<'_, u8>) -> u8 {
    *data
}

#[smartasync(offload)]
fn named<'a>(text: Cow<'a, str>) -> usize {
    text.len()
}

#[smartasync(offload)]
fn bound<'a>(text: Box<dyn Fn(&str) -> &str + Send + 'a>) -> usize {
    text("a").len()
}

fn main() {}
