use smartasync::smartasync;

#[smartasync(boxed, ?Send, boxed)]
async fn answer() -> u32 {
    42
}

fn main() {
    answer().wait();
}
