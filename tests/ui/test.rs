use smartasync::smartasync;

#[smartasync]
#[test]
async fn answers() -> Result<(), String> {
    Ok(())
}

fn main() {}
