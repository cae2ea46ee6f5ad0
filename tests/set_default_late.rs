//! `set_default` fails after the first call. This test has a process of its own, because a process has one
//! default.

use smartasync::{Bridge, block_on, set_default};

#[test]
fn a_default_after_the_first_call_comes_too_late() {
    block_on(async {});
    let bridge = Bridge::builder().name("late").build();
    let given_back = set_default(bridge).unwrap_err();
    block_on(async {});
    assert_eq!(given_back.stats().calls_on_own_runtime, 0);
}
