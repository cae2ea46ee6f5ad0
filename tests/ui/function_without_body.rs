use smartasync::smartasync;

#[smartasync]
async fn answer(one: u32) -> u32;

fn main() {
    answer(1).wait();
}
