struct Client;

#[smartasync::smartasync(blocking)]
impl Client {
    pub async fn answer(&self) -> u32 {
        42
    }
}

#[smartasync::smartasync(blocking, extend, derive(Clone))]
impl Client {
    pub async fn other(&self) -> u32 {
        42
    }
}

fn main() {
    BlockingClient::from(Client).other();
}
