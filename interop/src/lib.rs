//! Nothing of its own: its tests hold `smartasync` against real clients.
