use smartasync::smartasync;

#[smartasync]
async fn main() {}
