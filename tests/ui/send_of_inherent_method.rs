use smartasync::smartasync;

struct Client;

#[smartasync]
impl Client {
    #[smartasync(?Send)]
    async fn answer(&self) -> u32 {
        42
    }
}

fn main() {
    Client.answer().wait();
}
