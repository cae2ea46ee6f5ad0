#[smartasync::smartasync(blocking = BlockingAnswer)]
fn answer() -> u32 {
    42
}

fn main() {
    answer();
}
