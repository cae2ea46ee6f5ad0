use smartasync::{Bridge, smartasync};

#[smartasync(on(Bridge::shared()))]
async fn answer() -> u32 {
    42
}

fn main() {
    let _ = Bridge::shared();
    answer().wait();
}
