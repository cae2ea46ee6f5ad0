use std::rc::Rc;

#[smartasync::smartasync(offload)]
fn share(data: u8) -> Option<Rc<u8>> {
    Some(Rc::new(data))
}

fn main() {
    let _ = share(1);
}
