struct Client;

#[smartasync::smartasync(blocking, derive = Clone)]
impl Client {
    pub async fn answer(&self) -> u32 {
        42
    }
}

fn main() {
    Client.answer().wait();
}
