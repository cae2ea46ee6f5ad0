#[smartasync::smartasync(offload)]
async fn hash(data: Vec<u8>) -> usize {
    data.len()
}

fn main() {
    let _ = hash(Vec::new());
}
