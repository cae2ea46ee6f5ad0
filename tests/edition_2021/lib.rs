//! Nothing but tests: those of `tests/attribute`, compiled with edition 2021.
