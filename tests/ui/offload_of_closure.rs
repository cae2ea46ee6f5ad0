use std::rc::Rc;

fn main() {
    let data = Rc::new(1);
    let _ = smartasync::offload(move || *data + 1);
}
