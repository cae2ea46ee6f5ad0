use smartasync::smartasync;

#[smartasync]
async fn main() -> Result<(), String> {
    Ok(())
}
