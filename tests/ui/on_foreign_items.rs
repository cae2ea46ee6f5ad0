use smartasync::smartasync;

#[smartasync]
unsafe extern "C" {
    safe fn abs(number: i32) -> i32;
}

fn main() {
    let _ = abs(1);
}
