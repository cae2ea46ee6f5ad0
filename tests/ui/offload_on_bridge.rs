#[smartasync::smartasync(offload, on = smartasync::Bridge::shared())]
fn hash(data: Vec<u8>) -> usize {
    data.len()
}

fn main() {
    let _ = hash(Vec::new());
}
