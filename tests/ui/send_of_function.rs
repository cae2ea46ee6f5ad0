use smartasync::smartasync;

#[smartasync(?Send)]
async fn answer() -> u32 {
    42
}

fn main() {
    answer().wait();
}
