use smartasync::smartasync;

struct Client;

#[smartasync]
impl Client {
    #[smartasync(blocking)]
    pub async fn answer(&self) -> u32 {
        42
    }
}

fn main() {
    Client.answer().wait();
}
