//! What was read and nobody has taken.

/// The bytes of one read, and how many of them are taken.
#[derive(Default)]
pub(super) struct Unread {
    /// As long as the longest read was.
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Unread {
    /// The first `count` of `bytes`.
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
