#![no_implicit_prelude]
#![deny(warnings)]

// Paths in generated code must not go through these.
mod core {}
mod std {}
mod smartasync {}

#[::smartasync::smartasync]
async fn add(one: u32, _unused: u32) -> u32 {
    one + 1
}

fn main() {
    ::std::assert_eq!(add(1, 2).wait(), 2);
}
