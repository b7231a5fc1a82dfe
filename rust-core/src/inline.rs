//! Futures that are polled by the thread that wakes them, at once, instead of by a tokio thread that has to be woken
//! first.
//!
//! A replay consists of nothing but short steps that wait for each other, and waking a thread takes longer than most of
//! them.
//!
//! Only for futures that wait for channels: those wake when they hold no lock. Other things (a cancellation token) do,
//! and a future that is polled under a lock which it then wants itself never comes back.

use parking_lot::Mutex;
use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Wake, Waker},
};
use tokio::{runtime::Handle, task::unconstrained};
use tracing::{Dispatch, dispatcher};

struct Inline {
    /// How often it was woken since it was seen waiting. Who raises it from 0 polls; others only count, and then who
    /// polls does so again. Stays above 0 when the future has ended.
    wakes: AtomicUsize,
    future: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
    tokio: Handle,
    dispatch: Dispatch,
}

/// Polls a future, for the first time on the calling thread. On every thread it finds this tokio runtime and this log
/// subscriber.
pub fn run(tokio: Handle, dispatch: Dispatch, future: impl Future<Output = ()> + Send + 'static) {
    let inline = Inline {
        wakes: AtomicUsize::new(0),
        // The waking thread may be in a task of another tokio runtime, whose budget is not meant for this.
        future: Mutex::new(Some(Box::pin(unconstrained(future)))),
        tokio,
        dispatch,
    };
    Arc::new(inline).wake();
}

impl Wake for Inline {
    fn wake(self: Arc<Self>) {
        if self.wakes.fetch_add(1, Ordering::AcqRel) > 0 {
            return;
        }
        let _inside = self.tokio.enter();
        dispatcher::with_default(&self.dispatch, || self.poll());
    }
}

impl Inline {
    fn poll(self: &Arc<Self>) {
        let waker = Waker::from(Arc::clone(self));
        let mut context = Context::from_waker(&waker);
        let mut place = self.future.lock();
        let mut seen = self.wakes.load(Ordering::Acquire);
        while let Some(future) = place.as_mut() {
            if future.as_mut().poll(&mut context).is_ready() {
                *place = None;
                return;
            }
            match self
                .wakes
                .compare_exchange(seen, 0, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => return,
                Err(now) => seen = now,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        sync::mpsc,
        thread::{self, ThreadId},
    };
    use tokio::{runtime, sync::oneshot};

    fn tokio() -> runtime::Runtime {
        runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap()
    }

    #[test]
    fn the_thread_that_wakes_it_polls_it() {
        let tokio = tokio();
        let (wake, woken) = oneshot::channel();
        let (tell, told) = mpsc::channel::<ThreadId>();
        run(tokio.handle().clone(), Dispatch::none(), async move {
            tell.send(thread::current().id()).unwrap();
            woken.await.unwrap();
            tell.send(thread::current().id()).unwrap();
            // Tokio is at hand, also on a thread that is not its own.
            tokio::spawn(async {}).await.unwrap();
            tell.send(thread::current().id()).unwrap();
        });
        let here = thread::current().id();
        let waker = thread::spawn(move || wake.send(()).unwrap());
        let there = waker.thread().id();
        waker.join().unwrap();
        assert_eq!(told.recv(), Ok(here));
        assert_eq!(told.recv(), Ok(there));
        assert!(told.recv().is_ok());
    }

    #[test]
    fn no_wake_up_is_lost_and_none_comes_twice() {
        let tokio = tokio();
        for _ in 0..2_000 {
            let (left, from_left) = oneshot::channel();
            let (right, from_right) = oneshot::channel();
            let (tell, told) = mpsc::channel();
            run(tokio.handle().clone(), Dispatch::none(), async move {
                tell.send((from_left.await, from_right.await)).unwrap();
            });
            let other = thread::spawn(move || left.send(1));
            right.send(2).unwrap();
            other.join().unwrap().unwrap();
            assert_eq!(told.recv(), Ok((Ok(1), Ok(2))));
            assert!(told.recv().is_err());
        }
    }

    #[test]
    fn a_future_that_always_wakes_itself_ends() {
        let tokio = tokio();
        let (tell, told) = mpsc::channel();
        run(tokio.handle().clone(), Dispatch::none(), async move {
            for _ in 0..1_000 {
                tokio::task::yield_now().await;
            }
            tell.send(()).unwrap();
        });
        told.recv().unwrap();
    }
}
