use smartasync::smartasync;

#[smartasync]
enum Answer {
    Yes,
}

fn main() {
    let _ = Answer::Yes;
}
