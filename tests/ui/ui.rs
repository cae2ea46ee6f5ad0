//! What must not compile, and with which message.
//!
//! Each file is one crate, and so one run of the compiler: a case that can share a crate is a module of it.

#[test]
fn what_must_not_compile() {
    trybuild::TestCases::new().compile_fail("fails/*.rs");
}
