use smartasync::smartasync;

#[smartasync]
const fn answer() -> u32 {
    42
}

fn main() {
    const _: u32 = answer();
}
