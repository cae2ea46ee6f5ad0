//! Bytes that were read and not yet taken.

/// The bytes of one read, and which of them are not yet taken.
#[derive(Default)]
pub(super) struct Unread {
    /// As long as the longest read. Only `start..end` is unread.
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Unread {
    /// Makes the first `count` of `bytes` the unread ones.
    pub(super) fn new(bytes: Vec<u8>, count: usize) -> Unread {
        Unread { bytes, start: 0, end: count }
    }

    pub(super) fn rest(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    pub(super) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    pub(super) fn consume(&mut self, amount: usize) {
        self.start = self.end.min(self.start.saturating_add(amount));
    }

    pub(super) fn clear(&mut self) {
        self.start = self.end;
    }

    /// Takes the space out, for the next read.
    pub(super) fn take_space(&mut self) -> Vec<u8> {
        std::mem::take(self).bytes
    }
}
