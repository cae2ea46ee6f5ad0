use smartasync::smartasync;

#[smartasync]
trait Client {
    async fn answer(&self) -> u32;
}

#[smartasync(blocking)]
impl Client for u32 {
    async fn answer(&self) -> u32 {
        *self
    }
}

fn main() {
    1.answer().wait();
}
