use smartasync::smartasync;

#[smartasync(boxed = true)]
async fn answer() -> u32 {
    42
}

fn main() {
    answer().wait();
}
