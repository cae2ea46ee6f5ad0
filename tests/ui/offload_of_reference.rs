#[smartasync::smartasync(offload)]
fn hash(data: &[u8]) -> usize {
    data.len()
}

fn main() {
    let _ = hash(&[]);
}
