use smartasync::smartasync;

#[smartasync]
struct Client;

fn main() {}
