//! `set_default` before the first call sets the default, and a second one fails. This test has a process of its
//! own, because a process has one default.

use smartasync::{Bridge, block_on, set_default, smartasync};

#[smartasync]
async fn nothing() {}

#[test]
fn the_first_default_wins_and_later_ones_are_given_back() {
    let bridge = Bridge::builder().name("first").build();
    set_default(bridge.clone()).unwrap();
    let second = set_default(Bridge::builder().name("second").build()).unwrap_err();
    assert!(format!("{second:?}").contains("second"));

    nothing().wait();
    block_on(async {});
    assert_eq!(bridge.stats().calls_on_own_runtime, 2);
    assert!(set_default(second).is_err());
}
