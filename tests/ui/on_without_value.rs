use smartasync::smartasync;

#[smartasync(on)]
async fn answer() -> u32 {
    42
}

fn main() {
    answer().wait();
}
