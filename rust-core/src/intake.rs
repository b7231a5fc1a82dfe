//! The side of a queue that producers see: a lock-free stack that is taken whole, and the protocol that
//! says who rings the bell.
//!
//! The stack is empty exactly when its head is null. The producer whose compare-and-swap replaces null
//! is the one that rings; `take_all` swaps null back in, so the next producer rings again. Between the
//! two every item is either in the taken list or behind a ring that is still to come: no wake-up is lost.
//!
//! `crate::sync` is the standard library's, except in `loom/`, where this same file is compiled against
//! loom's and every interleaving of it is tried.

use std::ptr;

use crate::sync::{AtomicPtr, Condvar, Mutex, Ordering};

struct Node<T> {
    item: T,
    next: *mut Node<T>,
}

/// The head of a closed intake. No node is at an odd address.
fn closed<T>() -> *mut Node<T> {
    ptr::without_provenance_mut(1)
}

/// Whether the producer is the one that has to ring the bell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// The intake was empty and nobody waits: ring.
    First,
    /// Somebody else rang and the items have not been taken since, or a thread that waits was woken.
    Later,
}

/// A multi-producer intake whose consumer takes everything at once, oldest first.
pub struct Intake<T> {
    head: AtomicPtr<Node<T>>,
    /// How many threads sleep in `wait_until`. Most hosts have none, and waking nobody is a system call all the same.
    gate: Mutex<usize>,
    ready: Condvar,
}

// SAFETY: items are moved in by one thread and moved out by another, never shared; that needs T: Send alone.
unsafe impl<T: Send> Send for Intake<T> {}
// SAFETY: as above; `head` is atomic and every other field is Sync.
unsafe impl<T: Send> Sync for Intake<T> {}

impl<T> Intake<T> {
    pub fn new() -> Self {
        Self {
            head: AtomicPtr::new(ptr::null_mut()),
            gate: Mutex::new(0),
            ready: Condvar::new(),
        }
    }

    /// Adds an item, or gives it back when the intake is closed.
    pub fn push(&self, item: T) -> Result<Pushed, T> {
        let closed = closed();
        let node = Box::into_raw(Box::new(Node {
            item,
            next: ptr::null_mut(),
        }));
        // Acquire: the release of the swap that emptied the stack must come before what the ringer does.
        let mut head = self.head.load(Ordering::Acquire);
        loop {
            if head == closed {
                // SAFETY: the node was made above and no other thread has seen it.
                return Err(unsafe { Box::from_raw(node) }.item);
            }
            // SAFETY: the node is still ours alone.
            unsafe { (*node).next = head };
            match self
                .head
                .compare_exchange_weak(head, node, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => break,
                Err(current) => head = current,
            }
        }
        if !head.is_null() || self.wake() {
            return Ok(Pushed::Later);
        }
        Ok(Pushed::First)
    }

    /// Takes everything, oldest first. Any thread may call it; each item goes to one of them.
    pub fn take_all(&self) -> Vec<T> {
        let closed = closed();
        let mut head = self.head.load(Ordering::Acquire);
        while !head.is_null() && head != closed {
            match self
                .head
                .compare_exchange_weak(head, ptr::null_mut(), Ordering::AcqRel, Ordering::Acquire)
            {
                // SAFETY: the exchange made the list ours alone.
                Ok(_) => return unsafe { unlink(head) },
                Err(current) => head = current,
            }
        }
        Vec::new()
    }

    /// Refuses items from now on and returns those that were not taken. Idempotent.
    pub fn close(&self) -> Vec<T> {
        let closed = closed();
        let head = self.head.swap(closed, Ordering::AcqRel);
        self.wake();
        if head == closed {
            return Vec::new();
        }
        // SAFETY: the swap made the list ours alone.
        unsafe { unlink(head) }
    }

    pub fn is_closed(&self) -> bool {
        self.head.load(Ordering::Acquire) == closed()
    }

    /// Blocks until there is something to take or the intake is closed. `sleep` waits on the condition
    /// variable once and says false to give up (because a deadline passed).
    pub fn wait_until(&self, mut sleep: impl for<'a> FnMut(&Condvar, Guard<'a>) -> (Guard<'a>, bool)) -> bool {
        let mut guard = self.gate.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        // The head is looked at with the gate held, and `wake` passes the gate after the head has
        // changed: either this sees the change, or the wake-up finds this thread asleep.
        while self.head.load(Ordering::Acquire).is_null() {
            let go_on;
            *guard += 1;
            (guard, go_on) = sleep(&self.ready, guard);
            *guard -= 1;
            if !go_on {
                return !self.head.load(Ordering::Acquire).is_null();
            }
        }
        true
    }

    /// Says whether a thread slept. Then it sees what there is, or whoever woke it before this has made it look.
    fn wake(&self) -> bool {
        let sleepers = *self.gate.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if sleepers > 0 {
            self.ready.notify_all();
        }
        sleepers > 0
    }
}

/// The gate, held.
pub type Guard<'a> = crate::sync::MutexGuard<'a, usize>;

impl<T> Drop for Intake<T> {
    fn drop(&mut self) {
        drop(self.close());
    }
}

/// # Safety
/// `head` must be null or the first node of a list that no other thread can reach.
unsafe fn unlink<T>(mut head: *mut Node<T>) -> Vec<T> {
    let mut items = Vec::new();
    while !head.is_null() {
        // SAFETY: every node came from Box::into_raw and is unlinked once.
        let node = unsafe { Box::from_raw(head) };
        head = node.next;
        items.push(node.item);
    }
    items.reverse();
    items
}
