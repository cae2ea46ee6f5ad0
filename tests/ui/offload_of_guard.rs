use std::sync::{Mutex, MutexGuard};

use smartasync::smartasync;

static DATA: Mutex<Vec<u8>> = Mutex::new(Vec::new());

#[smartasync(offload)]
fn hash(data: MutexGuard<'static, Vec<u8>>) -> usize {
    data.len()
}

fn main() {
    let _ = hash(DATA.lock().unwrap());
}
