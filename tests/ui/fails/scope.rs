//! What a scope lends must outlive it, and nothing of a scope does.

mod borrows_from_the_closure {
    fn call() {
        smartasync::scope(|s| {
            let page = String::from("one");
            s.spawn(async { page.len() });
        });
    }
}

mod borrows_mutably_twice {
    fn call() {
        let mut visits = 0;
        smartasync::scope(|s| {
            s.spawn(async { visits += 1 });
            s.spawn(async { visits += 1 });
        });
    }
}

mod handle_outlives_the_scope {
    fn call() {
        let call = smartasync::scope(|s| s.spawn(async { 1 }));
        call.join();
    }
}

mod output_borrows_what_a_call_borrows {
    fn call() {
        let kept = {
            let page = String::from("one");
            smartasync::scope(|s| s.spawn(async { page.as_str() }).join())
        };
        kept.len();
    }
}

mod used_while_a_call_borrows_it {
    fn call() {
        let mut pages = vec![1];
        smartasync::scope(|s| {
            s.spawn(async { pages.push(2) });
            pages.len()
        });
    }
}

fn main() {}
