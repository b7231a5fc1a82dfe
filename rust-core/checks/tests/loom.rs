//! The intake of a queue, in every interleaving of its threads. It is the very file that rust-core
//! compiles, against loom's primitives instead of the standard library's. A lost wake-up shows as a
//! deadlock, a lost item as a leak, and an item delivered twice or out of order as a wrong list.

#![allow(clippy::unwrap_used)]

use loom::{alloc::Track, cell::UnsafeCell, sync::Arc, thread};

mod sync {
    pub use loom::sync::{
        Condvar, Mutex, MutexGuard,
        atomic::{AtomicPtr, Ordering},
    };
}

// Each model uses some of it.
#[allow(dead_code)]
#[path = "../../src/intake.rs"]
mod intake;

use intake::{Intake, Pushed};

/// Tries every interleaving in which threads are interrupted at most four times where they need not wait.
/// Without a bound the model with two producers and a bell runs for more than ten minutes.
fn model(body: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(4);
    builder.check(body);
}

/// What is pushed: the numbers of the producer and of the item. Loom notices when one is never freed, and
/// when it is read without an ordering after the write.
struct Item(Track<UnsafeCell<(usize, usize)>>);

// SAFETY: loom itself checks the accesses to the cell.
unsafe impl Send for Item {}

impl Item {
    fn new(producer: usize, number: usize) -> Self {
        let cell = UnsafeCell::new((usize::MAX, usize::MAX));
        // SAFETY: nobody else knows the cell yet.
        cell.with_mut(|place| unsafe { *place = (producer, number) });
        Self(Track::new(cell))
    }

    fn open(self) -> (usize, usize) {
        // SAFETY: the item was moved here; if that was a race, loom says so.
        self.0.get_ref().with(|place| unsafe { *place })
    }
}

/// The bell: what a socket is to a host. Bytes are counted, and reading waits for one.
struct Bell {
    bytes: sync::Mutex<usize>,
    readable: sync::Condvar,
}

impl Bell {
    fn new() -> Self {
        Self {
            bytes: sync::Mutex::new(0),
            readable: sync::Condvar::new(),
        }
    }

    fn ring(&self) {
        *self.bytes.lock().unwrap() += 1;
        self.readable.notify_one();
    }

    fn read(&self) {
        let mut bytes = self.bytes.lock().unwrap();
        while *bytes == 0 {
            bytes = self.readable.wait(bytes).unwrap();
        }
        *bytes = 0;
    }
}

fn produce(intake: &Intake<Item>, producer: usize, count: usize, mut ring: impl FnMut()) {
    for number in 0..count {
        match intake.push(Item::new(producer, number)) {
            Ok(Pushed::First) => ring(),
            Ok(Pushed::Later) => {}
            Err(_) => panic!("the intake is open"),
        }
    }
}

fn take(intake: &Intake<Item>, taken: &mut Vec<(usize, usize)>) {
    taken.extend(intake.take_all().into_iter().map(Item::open));
}

/// Everything came once, and what one producer pushed came in its order.
fn assert_complete(mut taken: Vec<(usize, usize)>, producers: usize, count: usize) {
    // The sort is stable, so within a producer the order stays as it was.
    taken.sort_by_key(|(producer, _)| *producer);
    let expected: Vec<_> = (0..producers)
        .flat_map(|producer| (0..count).map(move |number| (producer, number)))
        .collect();
    assert_eq!(taken, expected);
}

#[test]
fn a_consumer_that_sleeps_on_the_bell_gets_everything() {
    model(|| {
        let shared = Arc::new((Intake::new(), Bell::new()));
        let producers: Vec<_> = (0..2)
            .map(|producer| {
                let shared = shared.clone();
                thread::spawn(move || produce(&shared.0, producer, 2 - producer, || shared.1.ring()))
            })
            .collect();
        let mut taken = Vec::new();
        while taken.len() < 3 {
            shared.1.read();
            take(&shared.0, &mut taken);
        }
        producers.into_iter().for_each(|producer| producer.join().unwrap());
        taken.sort_by_key(|(producer, _)| *producer);
        assert_eq!(taken, [(0, 0), (0, 1), (1, 0)]);
    });
}

#[test]
fn a_consumer_that_waits_gets_everything() {
    model(|| {
        let intake = Arc::new(Intake::new());
        let producers: Vec<_> = (0..2)
            .map(|producer| {
                let intake = intake.clone();
                thread::spawn(move || produce(&intake, producer, 1, || {}))
            })
            .collect();
        let mut taken = Vec::new();
        while taken.len() < 2 {
            assert!(intake.wait_until(|ready, guard| (ready.wait(guard).unwrap(), true)));
            take(&intake, &mut taken);
        }
        producers.into_iter().for_each(|producer| producer.join().unwrap());
        assert_complete(taken, 2, 1);
    });
}

#[test]
fn a_consumer_that_waits_and_then_sleeps_on_the_bell_gets_everything() {
    model(|| {
        let shared = Arc::new((Intake::new(), Bell::new()));
        let producer = {
            let shared = shared.clone();
            thread::spawn(move || produce(&shared.0, 0, 2, || shared.1.ring()))
        };
        let mut taken = Vec::new();
        assert!(shared.0.wait_until(|ready, guard| (ready.wait(guard).unwrap(), true)));
        take(&shared.0, &mut taken);
        while taken.len() < 2 {
            shared.1.read();
            take(&shared.0, &mut taken);
        }
        producer.join().unwrap();
        assert_complete(taken, 1, 2);
    });
}

#[test]
fn closing_wakes_a_waiting_consumer() {
    model(|| {
        let intake = Arc::new(Intake::<Item>::new());
        let closer = {
            let intake = intake.clone();
            thread::spawn(move || drop(intake.close()))
        };
        assert!(intake.wait_until(|ready, guard| (ready.wait(guard).unwrap(), true)));
        assert!(intake.is_closed());
        closer.join().unwrap();
    });
}

#[test]
fn closing_races_with_producers_and_a_consumer() {
    model(|| {
        let intake = Arc::new(Intake::<Item>::new());
        let producer = {
            let intake = intake.clone();
            thread::spawn(move || intake.push(Item::new(0, 0)).err().map(Item::open))
        };
        let closer = {
            let intake = intake.clone();
            thread::spawn(move || intake.close().into_iter().map(Item::open).collect::<Vec<_>>())
        };
        let mut seen = Vec::new();
        take(&intake, &mut seen);
        seen.extend(producer.join().unwrap());
        seen.extend(closer.join().unwrap());
        assert_eq!(
            seen,
            [(0, 0)],
            "it was taken, given back or left over, and only one of them"
        );
        assert!(intake.push(Item::new(0, 1)).is_err());
        take(&intake, &mut seen);
        assert_eq!(seen.len(), 1);
    });
}

#[test]
fn two_consumers_share_what_there_is() {
    model(|| {
        let intake = Arc::new(Intake::new());
        let other = {
            let intake = intake.clone();
            thread::spawn(move || {
                let mut taken = Vec::new();
                take(&intake, &mut taken);
                taken
            })
        };
        produce(&intake, 0, 2, || {});
        let mut taken = Vec::new();
        take(&intake, &mut taken);
        taken.extend(other.join().unwrap());
        taken.sort_unstable();
        assert_complete(taken, 1, 2);
    });
}
