use std::rc::Rc;
use std::sync::Arc;

use smartasync::smartasync;

#[smartasync(offload)]
fn hash(length: usize, data: Rc<Vec<u8>>) -> usize {
    data.len() + length
}

struct Hasher(Rc<u8>);

#[smartasync]
impl Hasher {
    #[smartasync(offload)]
    fn by_value(self) -> u8 {
        *self.0
    }

    #[smartasync(offload)]
    fn shared(self: Arc<Self>) -> u8 {
        *self.0
    }

    #[smartasync(offload)]
    fn pattern((number, _): (u8, Rc<u8>)) -> u8 {
        number
    }
}

fn main() {
    let _ = hash(1, Rc::new(Vec::new()));
    let _ = Hasher(Rc::new(1)).by_value();
    let _ = Arc::new(Hasher(Rc::new(1))).shared();
    let _ = Hasher::pattern((1, Rc::new(1)));
}
