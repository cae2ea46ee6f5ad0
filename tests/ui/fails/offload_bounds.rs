//! Types that cannot go to another thread, or come from one.

mod offload_of_closure {
    use std::rc::Rc;

    fn call() {
        let data = Rc::new(1);
        let _ = smartasync::offload(move || *data + 1);
    }
}

mod offload_of_closure_returns_rc {
    use std::rc::Rc;

    fn call() {
        let _ = smartasync::offload(|| Rc::new(String::new()));
    }
}

mod offload_of_generic {
    use smartasync::smartasync;

    #[smartasync(offload)]
    fn unbounded<T>(data: T) -> usize {
        size_of_val(&data)
    }

    #[smartasync(offload)]
    fn bounded<T: ToString>(data: T) -> String {
        data.to_string()
    }

    #[smartasync(offload)]
    fn unnamed(data: impl ToString) -> String {
        data.to_string()
    }
}

mod offload_of_guard {
    use std::sync::{Mutex, MutexGuard};

    use smartasync::smartasync;

    static DATA: Mutex<Vec<u8>> = Mutex::new(Vec::new());

    #[smartasync(offload)]
    fn hash(data: MutexGuard<'static, Vec<u8>>) -> usize {
        data.len()
    }

    fn call() {
        let _ = hash(DATA.lock().unwrap());
    }
}

mod offload_of_rc {
    use std::rc::Rc;
    use std::sync::Arc;

    use smartasync::smartasync;

    #[smartasync(offload)]
    fn hash(length: usize, data: Rc<Vec<u8>>) -> usize {
        data.len() + length
    }

    struct Digest(Rc<u8>);

    #[smartasync]
    impl Digest {
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

    fn call() {
        let _ = hash(1, Rc::new(Vec::new()));
        let _ = Digest(Rc::new(1)).by_value();
        let _ = Arc::new(Digest(Rc::new(1))).shared();
        let _ = Digest::pattern((1, Rc::new(1)));
    }
}

mod offload_returns_rc {
    use std::rc::Rc;

    #[smartasync::smartasync(offload)]
    fn share(data: u8) -> Option<Rc<u8>> {
        Some(Rc::new(data))
    }

    fn call() {
        let _ = share(1);
    }
}

fn main() {}
