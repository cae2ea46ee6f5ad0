//! This crate is empty: its tests run `smartasync` with real clients.
