use smartasync::smartasync;

#[smartasync]
const ANSWER: u32 = 42;

fn main() {
    let _ = ANSWER;
}
