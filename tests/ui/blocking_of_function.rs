#[smartasync::smartasync(blocking)]
async fn answer() -> u32 {
    42
}

fn main() {
    answer().wait();
}
