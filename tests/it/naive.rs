//! The flaw that this crate exists to avoid: shown in the naive design, and absent here.

#[path = "../../benches/naive/mod.rs"]
mod design;

use smartasync::{Call, smartasync};
use tokio::runtime::Runtime;

use crate::support::within_a_minute;

#[derive(Debug)]
struct Adder(u32);

impl Adder {
    #[smartasync]
    async fn add(&self, number: u32) -> u32 {
        tokio::task::yield_now().await;
        self.0 + number
    }

    /// The same method in the naive design: its flag belongs to the method.
    fn naive_add(&self, number: u32) -> design::Answer<impl Future<Output = u32>> {
        static METHOD: design::Method = design::Method::new();
        METHOD.call(self.add(number).into_inner())
    }
}

/// Returns what three sync callers get after one async call: a value, or nothing where they get a coroutine.
fn sync_callers_after_an_async_call<C>(
    method: fn(&'static Adder, u32) -> C,
    sync_value: fn(C) -> Option<u32>,
    async_value: impl AsyncFnOnce(C) -> u32,
) -> [Option<u32>; 3] {
    static ONE: Adder = Adder(1);
    static OTHER: Adder = Adder(10);
    let runtime = Runtime::new().unwrap();
    assert_eq!(runtime.block_on(async { async_value(method(&ONE, 1)).await }), 2);
    drop(runtime);

    let on_the_same_thread = sync_value(method(&ONE, 2));
    let on_another_instance = sync_value(method(&OTHER, 2));
    let on_another_thread = std::thread::scope(|scope| {
        let caller = scope.spawn(|| sync_value(method(&ONE, 2)));
        caller.join().unwrap()
    });
    [on_the_same_thread, on_another_instance, on_another_thread]
}

#[test]
fn the_naive_design_answers_sync_callers_wrongly_after_one_async_call() {
    within_a_minute(|_| {
        assert_eq!(Adder(1).naive_add(2).value(), Some(3), "right before the async call");
        let values = sync_callers_after_an_async_call(
            |adder, number| adder.naive_add(number),
            |answer| answer.value(),
            async |answer| answer.coroutine().expect("a coroutine").await,
        );
        assert_eq!(values, [None, None, None]);
    });
}

#[test]
fn the_same_program_is_right_here() {
    within_a_minute(|_| {
        let values = sync_callers_after_an_async_call(
            |adder, number| adder.add(number),
            |call| Some(Call::wait(call)),
            async |call| call.await,
        );
        assert_eq!(values, [Some(3), Some(12), Some(3)]);
    });
}
