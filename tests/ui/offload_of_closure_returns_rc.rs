use std::rc::Rc;

fn main() {
    let _ = smartasync::offload(|| Rc::new(String::new()));
}
