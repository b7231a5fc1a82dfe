//! A million calls of every native entry point in random order from several threads, with what may be wrong with
//! arguments being wrong: NULL, random bytes, lengths that lie, handles that are stale, foreign or invented, options
//! and messages that are nearly right. All that may come of it are statuses.
//!
//! The server is real. Every thread has objects of its own and some that all threads share, so that frees race with
//! uses. What a run does follows from its seed as far as threads and the server allow; TEMPORAL_CORE_RANDOM_SEED sets
//! it, and TEMPORAL_CORE_RANDOM_CALLS the number of calls.

#![allow(clippy::print_stderr, clippy::unwrap_used)]

mod actor;
mod arguments;
mod calls;
#[path = "../support/mod.rs"]
mod support;

use std::{
    collections::BTreeSet,
    env,
    io::{self, Write as _},
    panic,
    sync::{Mutex, OnceLock},
    thread,
    time::Instant,
};

use actor::Actor;
use calls::CALLS;

const THREADS: u64 = 4;

/// Every panic of the process, on whatever thread and whether it is caught or not.
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn number(name: &str) -> Option<u64> {
    env::var(name)
        .ok()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is not a number")))
}

fn record_panics() {
    panic::set_hook(Box::new(|info| {
        let thread = thread::current();
        let text = format!("thread {}: {info}", thread.name().unwrap_or("without a name"));
        eprintln!("{text}");
        PANICS
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .push(text);
    }));
}

#[test]
fn every_export_is_called() {
    let header = include_str!("../../../include/temporal_bun_core.h");
    let exported: BTreeSet<_> = header
        .split("TemporalCoreStatus temporal_core_")
        .skip(1)
        .map(|rest| rest.split('(').next().unwrap().to_owned())
        .collect();
    let called: BTreeSet<_> = CALLS.iter().map(|call| call.name.to_owned()).collect();
    assert_eq!(called, exported);
}

#[test]
fn a_million_random_calls_end_in_statuses() {
    let start = Instant::now();
    let seed = number("TEMPORAL_CORE_RANDOM_SEED").unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.map_or(1, |time| time.as_nanos() as u64)
    });
    let calls = number("TEMPORAL_CORE_RANDOM_CALLS").unwrap_or(1_000_000);
    // A call that hangs is ended from outside, and what `println!` wrote is lost then: it is captured.
    let line = format!("TEMPORAL_CORE_RANDOM_SEED={seed} TEMPORAL_CORE_RANDOM_CALLS={calls}\n");
    io::stderr().write_all(line.as_bytes()).unwrap();
    static SERVER: OnceLock<&str> = OnceLock::new();
    let server = *SERVER.get_or_init(support::server::address);
    record_panics();
    let actors: Vec<_> = (0..THREADS)
        .map(|number| {
            thread::spawn(move || {
                let mut actor = Actor::new(seed.wrapping_add(number), server);
                for _ in 0..calls.div_ceil(THREADS) {
                    actor.step();
                }
                actor.finish()
            })
        })
        .collect();
    let mut made = [[0; calls::STATUSES]; CALLS.len()];
    for actor in actors {
        for (total, one) in made.iter_mut().zip(actor.join().expect("no call panics")) {
            total.iter_mut().zip(one).for_each(|(total, one)| *total += one);
        }
    }
    actor::free_shared();
    if cfg!(target_os = "linux") {
        actor::wait_for_the_end_of_all_runtimes();
    }
    println!("after {:?}; calls by status:", start.elapsed());
    for (call, statuses) in CALLS.iter().zip(made) {
        println!("{:40} {statuses:?}", call.name);
        assert!(
            statuses[0] > 0,
            "{} never succeeded, so it was not really tried",
            call.name
        );
    }
    let panics = PANICS.lock().unwrap();
    assert!(panics.is_empty(), "{}", panics.join("\n"));
}
