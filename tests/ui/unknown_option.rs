use smartasync::smartasync;

#[smartasync(fast)]
async fn answer() -> u32 {
    42
}

fn main() {
    // The item is still there, and no second error is shown for it.
    answer().wait();
}
