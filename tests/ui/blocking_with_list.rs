struct Client;

#[smartasync::smartasync(blocking(BlockingClient))]
impl Client {
    pub async fn answer(&self) -> u32 {
        42
    }
}

fn main() {
    Client.answer().wait();
}
