trait Client {}

#[smartasync::smartasync(blocking)]
impl dyn Client {
    pub async fn answer(&self) -> u32 {
        42
    }
}

fn main() {}
