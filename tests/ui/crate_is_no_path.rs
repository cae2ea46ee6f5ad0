use smartasync::smartasync;

#[smartasync(crate = "smartasync")]
async fn answer() -> u32 {
    42
}

fn main() {
    answer().wait();
}
