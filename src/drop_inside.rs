//! An object that is dropped inside a runtime.
//!
//! Its destructor may need one: to spawn a task that says goodbye, or to give a connection back to its pool. Two
//! fields around the object enter the runtime before that and leave it afterwards. There is no `Drop` of the
//! whole, so that the object can be moved out, an object without a destructor gets none, and to the compiler the
//! destructor uses nothing that the object borrows.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;
use std::mem::{self, ManuallyDrop, needs_drop};

use crate::bridge::{Bridge, Entered};

/// An object that is dropped inside the runtime of the thread, if the thread may block and can get one. In async
/// code it is dropped in the current runtime. This costs nothing if the object is known to have no destructor.
///
/// The fields are in the order in which they must be dropped: the first enters, the last leaves.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DropInside<T, K: Kind> {
    enter: K::Enter,
    object: T,
    leave: K::Leave,
}

impl<T, K: Kind> DropInside<T, K> {
    /// Holds `object` from now on.
    #[inline]
    pub const fn new(object: T) -> DropInside<T, K> {
        DropInside {
            enter: if needs_drop::<T>() { K::NEEDED } else { K::NEEDLESS },
            object,
            leave: K::LEAVE,
        }
    }

    /// Lends the object.
    #[inline]
    pub const fn get(&self) -> &T {
        &self.object
    }

    /// Lends the object, to be changed.
    #[inline]
    pub const fn get_mut(&mut self) -> &mut T {
        &mut self.object
    }

    /// Returns the object, and enters nothing.
    #[inline]
    pub fn into_inner(self) -> T {
        let DropInside { enter, object, leave } = self;
        mem::forget((enter, leave));
        object
    }
}

impl<T: Default, K: Kind> Default for DropInside<T, K> {
    fn default() -> DropInside<T, K> {
        DropInside::new(T::default())
    }
}

impl<T: fmt::Debug, K: Kind> fmt::Debug for DropInside<T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.object.fmt(f)
    }
}

/// What is known of the object, and the bridge whose runtime it is dropped in.
pub trait Kind {
    type Enter;
    type Leave;

    const NEEDED: Self::Enter;
    const NEEDLESS: Self::Enter;
    const LEAVE: Self::Leave;
}

/// It is known whether the object has a destructor. `B` is a function pointer that returns a [`Through`]: function
/// pointers have every trait that an object may have, whatever they return.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Known<const HAS_DESTRUCTOR: bool, B>(PhantomData<B>);

impl<B: Through> Kind for Known<true, fn() -> B> {
    type Enter = EnterOnDrop<Always<fn() -> B>>;
    type Leave = LeaveOnDrop;

    const NEEDED: Self::Enter = EnterOnDrop(Always(PhantomData));
    const NEEDLESS: Self::Enter = Self::NEEDED;
    const LEAVE: Self::Leave = LeaveOnDrop;
}

impl<B: Through> Kind for Known<false, fn() -> B> {
    type Enter = ();
    type Leave = ();

    const NEEDED: Self::Enter = ();
    const NEEDLESS: Self::Enter = ();
    const LEAVE: Self::Leave = ();
}

/// Whether the object has a destructor depends on the parameters of its type, so a flag says whether it has one.
/// If one of the fields around the object named its type, the destructor would count as a use of what the object
/// borrows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unknown<B>(PhantomData<B>);

impl<B: Through> Kind for Unknown<fn() -> B> {
    type Enter = EnterOnDrop<IfNeeded<fn() -> B>>;
    type Leave = LeaveOnDrop;

    const NEEDED: Self::Enter = EnterOnDrop(IfNeeded { is_needed: true, through: PhantomData });
    const NEEDLESS: Self::Enter = EnterOnDrop(IfNeeded { is_needed: false, through: PhantomData });
    const LEAVE: Self::Leave = LeaveOnDrop;
}

/// Names a bridge.
pub trait Through {
    /// `None` for the default bridge.
    fn bridge() -> Option<Bridge>;
}

/// The bridge of calls that name none.
#[derive(Debug)]
pub enum DefaultBridge {}

impl Through for DefaultBridge {
    #[inline]
    fn bridge() -> Option<Bridge> {
        None
    }
}

/// Whether a runtime is entered, and which one.
pub trait Condition {
    fn enters(&self) -> bool;
    fn bridge(&self) -> Option<Bridge>;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Always<B>(PhantomData<B>);

impl<B: Through> Condition for Always<fn() -> B> {
    #[inline]
    fn enters(&self) -> bool {
        true
    }

    #[inline]
    fn bridge(&self) -> Option<Bridge> {
        B::bridge()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IfNeeded<B> {
    is_needed: bool,
    through: PhantomData<B>,
}

impl<B: Through> Condition for IfNeeded<fn() -> B> {
    #[inline]
    fn enters(&self) -> bool {
        self.is_needed
    }

    #[inline]
    fn bridge(&self) -> Option<Bridge> {
        B::bridge()
    }
}

/// Dropped before the object: enters a runtime if the condition says so.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnterOnDrop<C: Condition>(pub(crate) C);

impl<C: Condition> Drop for EnterOnDrop<C> {
    #[inline]
    fn drop(&mut self) {
        DROPS.with(Drops::begin);
        if self.0.enters() {
            enter(self.0.bridge().as_ref());
        }
    }
}

/// Dropped after the object: leaves what was entered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaveOnDrop;

impl Drop for LeaveOnDrop {
    #[inline]
    fn drop(&mut self) {
        DROPS.with(Drops::end);
    }
}

#[cold]
fn enter(bridge: Option<&Bridge>) {
    if let Some(entered) = Entered::new(bridge) {
        DROPS.with(|drops| drops.push(entered));
    }
}

thread_local! {
    static DROPS: Drops = const { Drops::new() };
}

/// The drops that a thread is in, each inside the one before. What they have entered cannot be in the fields
/// around the object, since it stays on the thread, and the object may be `Send`.
///
/// It has no destructor, so it exists as long as the thread drops anything.
struct Drops {
    /// How many they are. The field after an object cannot see whether the one before it has entered anything.
    depth: Cell<usize>,
    /// What they have entered, and at which depth. Where there is none, it has no memory: nobody would free it.
    entered: RefCell<ManuallyDrop<Vec<(usize, Entered)>>>,
}

impl Drops {
    const fn new() -> Drops {
        Drops { depth: Cell::new(0), entered: RefCell::new(ManuallyDrop::new(Vec::new())) }
    }

    #[inline]
    fn begin(&self) {
        self.depth.set(self.depth.get() + 1);
    }

    fn push(&self, entered: Entered) {
        self.entered.borrow_mut().push((self.depth.get(), entered));
    }

    #[inline]
    fn end(&self) {
        let depth = self.depth.get();
        self.depth.set(depth - 1);
        let is_left = self.entered.borrow().last().is_some_and(|(at, _)| *at == depth);
        if is_left {
            self.leave_last();
        }
    }

    #[cold]
    fn leave_last(&self) {
        let mut others = self.entered.borrow_mut();
        let entered = others.pop();
        if others.is_empty() {
            others.shrink_to_fit();
        }
        drop(others);
        // Runs what was left behind, and so perhaps other drops.
        drop(entered);
    }
}
