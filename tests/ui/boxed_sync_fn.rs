use smartasync::smartasync;

#[smartasync(boxed)]
fn answer() -> u32 {
    42
}

fn main() {
    answer();
}
