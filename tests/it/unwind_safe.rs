//! Which types can pass `catch_unwind`, as Tokio's `Handle` can: those with no part that a panic could leave
//! broken.

use std::panic::{RefUnwindSafe, UnwindSafe, catch_unwind};

use smartasync::{Bridge, BridgeBuilder, Call, Offload, OffloadFuture};

fn assert_unwind_safe<T: UnwindSafe + RefUnwindSafe>() {}

/// Compiles only if the types are unwind safe for each `T` that is.
#[allow(clippy::extra_unused_type_parameters, reason = "the bounds are the test")]
fn of_any<T: UnwindSafe + RefUnwindSafe>() {
    assert_unwind_safe::<Bridge>();
    assert_unwind_safe::<BridgeBuilder>();
    assert_unwind_safe::<Call<T>>();
    assert_unwind_safe::<Offload<T>>();
    assert_unwind_safe::<OffloadFuture<T, T>>();
    #[cfg(feature = "stream")]
    assert_unwind_safe::<smartasync::Iter<T>>();
    #[cfg(feature = "io")]
    assert_unwind_safe::<smartasync::io::SyncIo<T>>();
}

#[test]
fn a_bridge_and_its_calls_pass_catch_unwind() {
    of_any::<u8>();
    let bridge = Bridge::builder().on_slow_call(|_| ()).build();
    let panics = || bridge.block_on(async { panic!("a panic that the test wants") });
    catch_unwind(panics).unwrap_err();
    assert_eq!(bridge.block_on(async { 1 }), 1);
    let call = bridge.call(async { 2 });
    assert_eq!(catch_unwind(|| call.wait()).unwrap(), 2);
}
