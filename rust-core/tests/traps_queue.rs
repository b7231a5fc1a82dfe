//! What must hold of queues and handles in whatever order and from whatever threads they are used.

#![allow(clippy::unwrap_used)]

mod raw;

use raw::{
    PATIENCE, collect, drain, drain_raw, free_queue, is_empty, new_queue, new_queue_with_bell, new_runtime, take_bytes,
};
use std::{
    io::Read,
    os::{
        fd::{FromRawFd, RawFd},
        unix::net::UnixStream,
    },
    ptr,
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};
use temporal_bun_core::{
    bytes::{temporal_core_bytes_free, temporal_core_bytes_read},
    client::temporal_core_client_connect,
    event::{EventKind, RawEvent},
    queue::{
        temporal_core_queue_drain, temporal_core_queue_free, temporal_core_queue_new, temporal_core_queue_post,
        temporal_core_queue_take, temporal_core_queue_wait,
    },
    runtime::{temporal_core_runtime_forward_logs, temporal_core_runtime_free},
    status::Status,
};

fn post(queue: u64, token: u64, data: &[u8]) -> Status {
    // SAFETY: the data outlives the call.
    unsafe { temporal_core_queue_post(queue, token, 0, data.as_ptr(), data.len()) }
}

fn take(queue: u64, index: usize) -> Result<u64, Status> {
    let mut bytes = 0;
    // SAFETY: the out-pointer is of a local.
    match unsafe { temporal_core_queue_take(queue, index, &mut bytes) } {
        Status::Ok => Ok(bytes),
        status => Err(status),
    }
}

/// The host's end of a bell, blocking for as long as a working bell can take.
fn listen(descriptor: RawFd) -> UnixStream {
    // SAFETY: the descriptor was given to this test, which owns it from here on.
    let bell = unsafe { UnixStream::from_raw_fd(descriptor) };
    bell.set_nonblocking(false).unwrap();
    bell.set_read_timeout(Some(PATIENCE)).unwrap();
    bell
}

fn bytes_waiting(bell: &UnixStream) -> usize {
    bell.set_nonblocking(true).unwrap();
    let mut count = 0;
    while let Ok(read) = (&mut &*bell).read(&mut [0; 64]) {
        if read == 0 {
            break;
        }
        count += read;
    }
    bell.set_nonblocking(false).unwrap();
    count
}

#[test]
fn events_come_as_they_were_posted() {
    let queue = new_queue();
    let mut data = *b"reused by the host";
    // SAFETY: the data outlives the call.
    let status = unsafe { temporal_core_queue_post(queue, u64::MAX, -7, data.as_ptr(), data.len()) };
    assert_eq!(status, Status::Ok);
    data.fill(b'x');
    assert_eq!(post(queue, 2, b""), Status::Ok);
    let events = collect(queue, 2);
    assert_eq!((events[0].token, events[0].status, events[0].object), (u64::MAX, -7, 0));
    assert_eq!(events[0].data, b"reused by the host", "the data was copied by the call");
    assert_eq!(
        (events[1].token, events[1].kind, events[1].data.len()),
        (2, EventKind::Host as u32, 0)
    );
    free_queue(queue);
}

#[test]
fn one_byte_rings_when_the_queue_stops_being_empty() {
    let (queue, descriptor) = new_queue_with_bell();
    let bell = listen(descriptor);
    for _ in 0..3 {
        for token in 0..10 {
            post(queue, token, b"");
        }
        assert_eq!(bytes_waiting(&bell), 1);
        // What a drain leaves behind is still waiting for it, so nothing rings.
        assert_eq!(drain(queue, 4).len(), 4);
        assert_eq!(drain(queue, 4).len(), 4);
        assert_eq!(bytes_waiting(&bell), 0);
        let tokens: Vec<_> = drain(queue, 4).iter().map(|event| event.token).collect();
        assert_eq!(tokens, [8, 9]);
    }
    free_queue(queue);
}

#[test]
fn a_host_that_listens_to_the_bell_alone_gets_everything_in_order() {
    const PRODUCERS: u64 = 4;
    const EACH: u64 = 50_000;
    let (queue, descriptor) = new_queue_with_bell();
    let producers: Vec<_> = (0..PRODUCERS)
        .map(|producer| {
            thread::spawn(move || {
                for number in 0..EACH {
                    let token = producer << 32 | number;
                    assert_eq!(post(queue, token, &token.to_le_bytes()), Status::Ok);
                }
            })
        })
        .collect();
    let mut bell = listen(descriptor);
    let mut next = [0; PRODUCERS as usize];
    while next.iter().sum::<u64>() < PRODUCERS * EACH {
        assert_ne!(
            bell.read(&mut [0; 64]).expect("the bell rings while events are owed"),
            0
        );
        loop {
            let events = drain(queue, 64);
            for event in &events {
                assert_eq!(event.data, event.token.to_le_bytes());
                let expected = &mut next[(event.token >> 32) as usize];
                assert_eq!(event.token & 0xffff_ffff, *expected);
                *expected += 1;
            }
            if events.len() < 64 {
                break;
            }
        }
    }
    producers.into_iter().for_each(|producer| producer.join().unwrap());
    free_queue(queue);
}

#[test]
fn a_thread_that_waits_gets_everything() {
    let queue = new_queue();
    let consumer = thread::spawn(move || {
        let mut count = 0;
        while count < 20_000 {
            assert_eq!(temporal_core_queue_wait(queue, PATIENCE.as_millis() as u32), Status::Ok);
            count += drain(queue, 16).len();
        }
    });
    let producers: Vec<_> = (0..2)
        .map(|_| thread::spawn(move || (0..10_000).for_each(|token| assert_eq!(post(queue, token, b"x"), Status::Ok))))
        .collect();
    producers.into_iter().for_each(|producer| producer.join().unwrap());
    consumer.join().unwrap();
    assert!(is_empty(queue));
    free_queue(queue);
}

#[test]
fn waiting_ends_at_its_time() {
    let queue = new_queue();
    let start = Instant::now();
    assert_eq!(temporal_core_queue_wait(queue, 30), Status::TimedOut);
    assert!(start.elapsed().as_millis() >= 30);
    free_queue(queue);
}

#[test]
fn freeing_wakes_a_thread_that_waits() {
    let queue = new_queue();
    let started = Arc::new(Barrier::new(2));
    let waiter = {
        let started = Arc::clone(&started);
        thread::spawn(move || {
            started.wait();
            temporal_core_queue_wait(queue, u32::MAX)
        })
    };
    started.wait();
    free_queue(queue);
    // It either slept already or found the handle stale.
    assert!(matches!(waiter.join().unwrap(), Status::Closed | Status::InvalidHandle));
}

#[test]
fn taken_data_outlives_the_next_drain_and_the_queue() {
    let queue = new_queue();
    for token in 0..3 {
        post(queue, token, &[token as u8; 100_000]);
    }
    let batch = drain_raw(queue, 3).unwrap();
    let kept = take(queue, 1).unwrap();
    assert_eq!(take(queue, 1), Err(Status::InvalidArgument), "taken before");
    assert_eq!(take(queue, 3), Err(Status::InvalidArgument), "not in the batch");
    let (mut data, mut length) = (ptr::null(), 0);
    // SAFETY: the out-pointers are of locals.
    let status = unsafe { temporal_core_bytes_read(kept, &mut data, &mut length) };
    assert_eq!(status, Status::Ok);
    assert_eq!((data, length), (batch[1].data, 100_000), "no copy was made");
    assert!(drain(queue, 3).is_empty());
    assert_eq!(take(queue, 1), Err(Status::InvalidArgument), "the batch is gone");
    free_queue(queue);
    assert_eq!(take(queue, 0), Err(Status::InvalidHandle));
    assert_eq!(take_bytes(kept), [1; 100_000]);
    assert_eq!(temporal_core_bytes_free(kept), Status::InvalidHandle, "freed before");
}

#[test]
fn a_freed_queue_is_a_status_for_every_call() {
    let (queue, descriptor) = new_queue_with_bell();
    let mut bell = listen(descriptor);
    post(queue, 1, b"never drained");
    free_queue(queue);
    assert_eq!(post(queue, 1, b""), Status::InvalidHandle);
    assert_eq!(drain_raw(queue, 1).unwrap_err(), Status::InvalidHandle);
    assert_eq!(temporal_core_queue_wait(queue, u32::MAX), Status::InvalidHandle);
    assert_eq!(temporal_core_queue_free(queue), Status::InvalidHandle);
    let mut rest = Vec::new();
    bell.read_to_end(&mut rest).expect("freeing ends the stream");
    assert_eq!(rest.len(), 1);
}

#[test]
fn a_host_may_close_its_end_of_the_bell_first() {
    let (queue, descriptor) = new_queue_with_bell();
    drop(listen(descriptor));
    // A SIGPIPE would end this process.
    for _ in 0..10 {
        assert_eq!(post(queue, 1, b""), Status::Ok);
        assert_eq!(drain(queue, 10).len(), 1);
    }
    free_queue(queue);
}

#[test]
fn a_bell_that_nobody_reads_does_not_block_producers() {
    let (queue, descriptor) = new_queue_with_bell();
    let bell = listen(descriptor);
    for _ in 0..100_000 {
        assert_eq!(post(queue, 1, b""), Status::Ok);
        assert_eq!(drain(queue, 2).len(), 1);
    }
    assert!(bytes_waiting(&bell) > 0);
    free_queue(queue);
}

#[test]
fn posting_draining_taking_and_freeing_race() {
    for round in 0..300 {
        let (queue, descriptor) = new_queue_with_bell();
        let bell = listen(descriptor);
        let accepted = Arc::new(AtomicUsize::new(0));
        let barrier = Arc::new(Barrier::new(4));
        let producers: Vec<_> = (0..2)
            .map(|_| {
                let (accepted, barrier) = (Arc::clone(&accepted), Arc::clone(&barrier));
                thread::spawn(move || {
                    barrier.wait();
                    loop {
                        match post(queue, 1, &[7; 64]) {
                            Status::Ok => accepted.fetch_add(1, Ordering::Relaxed),
                            Status::InvalidHandle | Status::Closed => break,
                            status => panic!("{status:?}"),
                        };
                    }
                })
            })
            .collect();
        let consumer = {
            let barrier = Arc::clone(&barrier);
            thread::spawn(move || {
                barrier.wait();
                let mut count = 0;
                // The data of a batch is not looked at, since the queue is freed by another thread.
                while let Ok(events) = drain_raw(queue, 8) {
                    count += events.len();
                    if !events.is_empty()
                        && let Ok(bytes) = take(queue, 0)
                    {
                        assert_eq!(take_bytes(bytes), [7; 64]);
                    }
                }
                count
            })
        };
        barrier.wait();
        for _ in 0..round {
            std::hint::spin_loop();
        }
        free_queue(queue);
        producers.into_iter().for_each(|producer| producer.join().unwrap());
        assert!(consumer.join().unwrap() <= accepted.load(Ordering::Relaxed));
        drop(bell);
    }
}

#[test]
fn a_late_producer_never_writes_to_a_descriptor_of_somebody_else() {
    let stop = Arc::new(AtomicBool::new(false));
    let (queue_number, posting) = (Arc::new(AtomicUsize::new(new_queue() as usize)), Arc::clone(&stop));
    let shared = Arc::clone(&queue_number);
    let producer = thread::spawn(move || {
        while !posting.load(Ordering::Relaxed) {
            post(shared.load(Ordering::Relaxed) as u64, 1, b"");
        }
    });
    for _ in 0..2000 {
        let (queue, descriptor) = new_queue_with_bell();
        queue_number.store(queue as usize, Ordering::Relaxed);
        free_queue(queue);
        drop(listen(descriptor));
        // Takes the numbers that were just given back.
        let (one, mut other) = UnixStream::pair().unwrap();
        drop(one);
        let mut strange = Vec::new();
        other.read_to_end(&mut strange).unwrap();
        assert!(strange.is_empty(), "a ring went astray");
    }
    stop.store(true, Ordering::Relaxed);
    producer.join().unwrap();
}

#[test]
fn arguments_that_cannot_be_used_are_refused() {
    let queue = new_queue();
    let mut events = [const { std::mem::MaybeUninit::<RawEvent>::uninit() }; 2];
    let mut count = 7;
    let place = events.as_mut_ptr().cast::<RawEvent>();
    let size = size_of::<RawEvent>();
    // SAFETY: each call is refused before it writes through what is wrong with it.
    unsafe {
        for (events, event_size, capacity, out) in [
            (place, size, 2, ptr::null_mut()),
            (ptr::null_mut(), size, 2, &raw mut count),
            (place.byte_add(4), size, 1, &raw mut count),
            (place, size - 8, 2, &raw mut count),
            (place, size + 4, 1, &raw mut count),
            (place, size, usize::MAX, &raw mut count),
        ] {
            let status = temporal_core_queue_drain(queue, events, event_size, capacity, out);
            assert_eq!(status, Status::InvalidArgument);
        }
        assert_eq!(count, 7, "nothing is written by a call that fails");
        assert_eq!(
            temporal_core_queue_new(ptr::null_mut(), ptr::null_mut()),
            Status::InvalidArgument
        );
        assert_eq!(
            temporal_core_queue_take(queue, 0, ptr::null_mut()),
            Status::InvalidArgument
        );
        assert_eq!(
            temporal_core_queue_post(queue, 1, 0, ptr::null(), 3),
            Status::InvalidArgument
        );
    }
    assert!(is_empty(queue));
    free_queue(queue);
}

#[test]
fn an_event_of_a_newer_header_may_be_larger() {
    #[repr(C)]
    struct Larger {
        event: RawEvent,
        later_field: u64,
    }
    let queue = new_queue();
    post(queue, 1, b"");
    post(queue, 2, b"");
    let mut events: Vec<Larger> = Vec::with_capacity(2);
    let mut count = 0;
    // SAFETY: there is room for two events of the given size.
    let tokens = unsafe {
        let status = temporal_core_queue_drain(queue, events.as_mut_ptr().cast(), size_of::<Larger>(), 2, &mut count);
        assert_eq!((status, count), (Status::Ok, 2));
        [0, 1].map(|index| (*events.as_ptr().add(index)).event.token)
    };
    assert_eq!(tokens, [1, 2]);
    free_queue(queue);
}

#[test]
fn bad_input_is_a_status_and_posts_nothing() {
    let (runtime, queue) = (new_runtime("{}"), new_queue());
    let connect = |options: &str| {
        // SAFETY: the options outlive the call.
        unsafe { temporal_core_client_connect(runtime, queue, 1, options.as_ptr(), options.len(), ptr::null_mut()) }
    };
    for options in [
        "",
        "{",
        "[]",
        "{\"address\":7}",
        "{\"address\":\"a\",\"adress\":\"b\"}",
        "{\"address\":\"\"}",
    ] {
        assert_eq!(connect(options), Status::InvalidOptions, "{options}");
    }
    // SAFETY: no memory is passed.
    let status = unsafe { temporal_core_runtime_forward_logs(runtime, queue, 1, ptr::null_mut()) };
    assert_eq!(status, Status::InvalidArgument, "logs are not forwarded");
    assert!(is_empty(queue));
    free_queue(queue);
    temporal_core_runtime_free(runtime);
}
