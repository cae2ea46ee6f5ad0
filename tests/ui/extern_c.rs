use smartasync::smartasync;

#[smartasync]
async extern "C" fn answer() -> u32 {
    42
}

fn main() {
    answer().wait();
}
