//! Only tests: those of `tests/edition_2024`, compiled with edition 2021.
