#[smartasync::smartasync]
mod client {
    pub async fn answer() -> u32 {
        42
    }
}

fn main() {
    let _ = client::answer();
}
