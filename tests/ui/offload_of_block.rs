struct Hasher;

#[smartasync::smartasync(offload)]
impl Hasher {
    fn hash(data: Vec<u8>) -> usize {
        data.len()
    }
}

fn main() {
    let _ = Hasher::hash(Vec::new());
}
