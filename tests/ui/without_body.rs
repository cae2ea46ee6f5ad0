use smartasync::smartasync;

trait Client {
    #[smartasync]
    async fn answer(&self) -> u32;
}

impl Client for u32 {
    #[smartasync]
    async fn answer(&self) -> u32 {
        *self
    }
}

fn main() {
    1.answer().wait();
}
