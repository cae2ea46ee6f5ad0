use smartasync::smartasync;

#[smartasync]
macro_rules! answer {
    () => {
        42
    };
}

fn main() {
    let _ = answer!();
}
