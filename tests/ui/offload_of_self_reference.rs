struct Hasher;

impl Hasher {
    #[smartasync::smartasync(offload)]
    fn hash(&self, data: Vec<u8>) -> usize {
        data.len()
    }
}

fn main() {
    let _ = Hasher.hash(Vec::new());
}
