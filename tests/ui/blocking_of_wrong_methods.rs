use smartasync::smartasync;

struct Client;

#[smartasync(blocking)]
impl Client {
    #[smartasync(offload)]
    pub fn hash(&self, data: Vec<u8>) -> usize {
        data.len()
    }

    pub async extern "C" fn foreign(&self) -> usize {
        1
    }
}

fn main() {
    // No second error is shown for those that are wrong.
    BlockingClient::from(Client).hash(Vec::new());
    BlockingClient::from(Client).foreign();
}
