#[smartasync::smartasync(blocking)]
trait Client {
    async fn answer(&self) -> u32;
}

fn main() {}
