use smartasync::{Bridge, smartasync};

#[smartasync(on = Bridge::shared())]
trait Client {
    async fn answer(&self) -> u32;
}

#[smartasync]
impl Client for u32 {
    async fn answer(&self) -> u32 {
        *self
    }
}

fn main() {
    let _ = Bridge::shared();
    1.answer().wait();
}
