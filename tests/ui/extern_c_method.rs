use smartasync::smartasync;

struct Client;

#[smartasync]
impl Client {
    async extern "C" fn answer(&self) -> u32 {
        42
    }

    async fn other(&self) -> u32 {
        42
    }

    extern "C" fn sync(&self) -> u32 {
        42
    }
}

fn main() {
    Client.answer().wait();
    Client.other().wait();
    Client.sync();
}
