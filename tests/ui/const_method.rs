use smartasync::smartasync;

struct Client;

#[smartasync]
impl Client {
    const async fn answer(&self) -> u32 {
        42
    }

    const fn sync(&self) -> u32 {
        42
    }
}

fn main() {
    Client.answer().wait();
    const _: u32 = Client.sync();
}
