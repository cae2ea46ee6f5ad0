use smartasync::smartasync;

#[smartasync(offload)]
fn short<T: Send>(data: T) -> usize {
    size_of_val(&data)
}

fn main() {}
