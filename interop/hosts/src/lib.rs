//! This crate is empty: its tests run `smartasync` inside real hosts.
