//! Calling is what is unsafe, and the body may rely on what the caller promised.

#![deny(warnings)]

use smartasync::smartasync;

#[smartasync]
async unsafe fn read(pointer: *const u32) -> u32 {
    // SAFETY: the caller promises a valid pointer.
    unsafe { *pointer }
}

#[smartasync]
trait Memory {
    async unsafe fn first(&self) -> u8;
}

#[smartasync]
impl Memory for [u8] {
    async unsafe fn first(&self) -> u8 {
        // SAFETY: the caller promises that there is one.
        unsafe { *self.get_unchecked(0) }
    }
}

/// # Safety
///
/// There is nothing to promise.
#[smartasync(boxed)]
unsafe trait Marked {
    async fn mark(&self) -> u32 {
        7
    }
}

// SAFETY: there is nothing to promise.
#[smartasync(boxed)]
unsafe impl Marked for u8 {}

struct Client;

#[smartasync(blocking)]
impl Client {
    pub(crate) async unsafe fn read(&self, pointer: *const u32) -> u32 {
        // SAFETY: the caller promises a valid pointer.
        unsafe { *pointer }
    }

    pub(crate) unsafe fn first(&self, bytes: &[u8]) -> u8 {
        // SAFETY: the caller promises that there is one.
        unsafe { *bytes.get_unchecked(0) }
    }

    pub(crate) extern "C" fn foreign(&self) -> u32 {
        5
    }
}

fn main() {
    let number = 42;
    // SAFETY: it points to a number.
    let call: unsafe fn(*const u32) -> _ = read;
    assert_eq!(unsafe { call(&number) }.wait(), 42);
    assert_eq!(unsafe { Memory::first(&[3][..]) }.wait(), 3);
    assert_eq!(Marked::mark(&1).wait(), 7);
    let twin = BlockingClient::from(Client);
    assert_eq!(unsafe { twin.read(&number) }, 42);
    assert_eq!(unsafe { twin.first(&[3]) }, 3);
    assert_eq!(twin.foreign(), 5);
}
