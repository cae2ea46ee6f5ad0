use smartasync::smartasync;

#[smartasync]
#[smartasync(boxed)]
async fn answer() -> u32 {
    42
}

fn main() {
    answer().wait();
}
