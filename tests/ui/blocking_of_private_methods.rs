struct Client;

#[smartasync::smartasync(blocking)]
impl Client {
    async fn answer(&self) -> u32 {
        42
    }

    pub(self) async fn other(&self) -> u32 {
        42
    }
}

fn main() {
    Client.answer().wait();
    Client.other().wait();
}
