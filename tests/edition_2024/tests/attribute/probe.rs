//! Asks the compiler about the type of a value.

/// Whether the type of a value has a trait: if it has, the inherent method takes precedence.
macro_rules! has {
    ($trait:ident, $value:expr) => {{
        #[allow(dead_code)]
        trait Lacks {
            fn answer(&self) -> bool {
                false
            }
        }
        #[allow(dead_code)]
        struct Probe<'a, T>(&'a T);
        impl<T> Lacks for Probe<'_, T> {}
        #[allow(dead_code)]
        impl<T: $trait> Probe<'_, T> {
            fn answer(&self) -> bool {
                true
            }
        }
        Probe(&$value).answer()
    }};
}

pub(crate) use has;

#[test]
fn a_probe_finds_both() {
    assert_eq!((has!(Send, 1), has!(Send, std::rc::Rc::new(1))), (true, false));
}
