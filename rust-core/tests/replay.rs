//! Replay workers, fed with a history that a real server recorded.

#![allow(clippy::unwrap_used)]

mod support;

use prost::Message;
use std::{sync::OnceLock, thread, time::Duration};
use support::{
    Event, Host, outcome,
    protos::{self, NAMESPACE, activation, unique},
    refusal, server,
};
use temporal_bun_core::{event::EventKind, replay, status::Status, worker::exports as worker};
use temporalio_common::protos::{
    coresdk::{
        workflow_activation::{RemoveFromCache, remove_from_cache::EvictionReason, workflow_activation_job},
        workflow_commands::StartTimer,
        workflow_completion::WorkflowActivationCompletion,
    },
    temporal::api::history::v1::History,
};

/// The history of a workflow that completed at once.
fn recorded() -> &'static [u8] {
    static HISTORY: OnceLock<Vec<u8>> = OnceLock::new();
    HISTORY.get_or_init(|| {
        let mut host = Host::new();
        let client = host.connect(server::address());
        let (task_queue, id) = (unique("queue"), unique("workflow"));
        let options =
            format!(r#"{{"namespace":"{NAMESPACE}","taskQueue":"{task_queue}","taskTypes":{{"workflows":true}}}}"#);
        let handle = host.worker(client, &options);
        host.start(handle);
        let run_id = protos::start_workflow(&mut host, client, &task_queue, &id);
        host.queue.of_kind(EventKind::WorkflowActivation).ok();
        host.complete_activation(handle, 0, &protos::complete_workflow(&run_id, "recorded"))
            .unwrap();
        protos::result(&mut host, client, &id);
        let history = protos::history(&mut host, client, &id);
        assert_eq!(worker::temporal_core_worker_free(handle), Status::Ok);
        host.free();
        history.encode_to_vec()
    })
}

fn replay_worker(host: &Host) -> u64 {
    let mut handle = 0;
    // SAFETY: NULL with length 0 is the empty document, and the place is writable.
    outcome(|error| unsafe {
        replay::temporal_core_replay_worker_new(host.runtime, std::ptr::null(), 0, &mut handle, error)
    })
    .unwrap();
    handle
}

fn push(handle: u64, history: &[u8]) -> impl FnOnce(*mut u64) -> Status {
    // SAFETY: name and history outlive the call, since both are used before the borrow ends.
    move |error| unsafe {
        replay::temporal_core_replay_push(handle, b"id".as_ptr(), 2, history.as_ptr(), history.len(), error)
    }
}

/// Why a run was evicted, when that is all its activation says.
fn eviction(event: &Event) -> Option<RemoveFromCache> {
    match activation(&event.data).jobs.first()?.variant.clone()? {
        workflow_activation_job::Variant::RemoveFromCache(eviction) => Some(eviction),
        _ => None,
    }
}

/// Replays the pushed histories with one answer to each; the evictions.
fn run(host: &mut Host, handle: u64, answer: impl Fn(&str) -> Vec<u8>) -> Vec<RemoveFromCache> {
    let mut evictions = Vec::new();
    loop {
        let event = host.queue.expect("an activation or the end", |event| {
            event.is(EventKind::WorkflowActivation) || event.is(EventKind::PollerStopped)
        });
        if event.is(EventKind::PollerStopped) {
            event.ok();
            return evictions;
        }
        let run_id = activation(&event.data).run_id;
        let completion = match eviction(&event) {
            Some(eviction) => {
                evictions.push(eviction);
                protos::no_commands(&run_id)
            }
            None => answer(&run_id),
        };
        host.complete_activation(handle, 0, &completion).unwrap();
    }
}

fn finish(mut host: Host, handle: u64) {
    let finalized = host.start_finalize(handle).unwrap();
    host.queue.with_token(finalized).ok();
    assert_eq!(worker::temporal_core_worker_free(handle), Status::Ok);
    host.free();
}

#[test]
fn histories_are_replayed_one_after_the_other() {
    let mut host = Host::new();
    let handle = replay_worker(&host);
    host.start(handle);
    // All of the same run: Core drops what comes for a run that has a task waiting already.
    const COUNT: usize = 500;
    for _ in 0..COUNT {
        outcome(push(handle, recorded())).unwrap();
    }
    assert_eq!(replay::temporal_core_replay_finish(handle), Status::Ok);
    let evictions = run(&mut host, handle, |run_id| {
        protos::complete_workflow(run_id, "recorded")
    });
    assert_eq!(evictions.len(), COUNT);
    for eviction in evictions {
        assert_eq!(eviction.reason(), EvictionReason::LangRequested, "{}", eviction.message);
    }
    finish(host, handle);
}

#[test]
fn nondeterminism_is_the_reason_of_the_eviction() {
    let mut host = Host::new();
    let handle = replay_worker(&host);
    host.start(handle);
    outcome(push(handle, recorded())).unwrap();
    assert_eq!(replay::temporal_core_replay_finish(handle), Status::Ok);
    let command = StartTimer {
        seq: 1,
        start_to_fire_timeout: Duration::from_secs(1).try_into().ok(),
    };
    let evictions = run(&mut host, handle, |run_id| {
        WorkflowActivationCompletion::from_cmd(run_id, command.into()).encode_to_vec()
    });
    assert_eq!(
        evictions[0].reason(),
        EvictionReason::Nondeterminism,
        "{}",
        evictions[0].message
    );
    finish(host, handle);
}

#[test]
fn what_is_not_a_whole_history_is_refused() {
    let host = Host::new();
    let handle = replay_worker(&host);
    let message = refusal(Status::InvalidArgument, push(handle, b"\xff"));
    assert!(message.contains("not an encoded history"), "{message}");
    let message = refusal(Status::InvalidArgument, push(handle, b""));
    assert!(message.contains("cannot be replayed"), "{message}");
    let mut history = History::decode(recorded()).unwrap();
    history.events.remove(0);
    refusal(Status::InvalidArgument, push(handle, &history.encode_to_vec()));
    let mut history = History::decode(recorded()).unwrap();
    history.events.truncate(3);
    history.events.push(history.events[1].clone());
    refusal(Status::InvalidArgument, push(handle, &history.encode_to_vec()));
    assert_eq!(worker::temporal_core_worker_free(handle), Status::Ok);
    host.free();
}

#[test]
fn no_history_is_taken_after_the_end() {
    let host = Host::new();
    let handle = replay_worker(&host);
    assert_eq!(replay::temporal_core_replay_finish(handle), Status::Ok);
    assert_eq!(replay::temporal_core_replay_finish(handle), Status::Ok);
    refusal(Status::Closed, push(handle, recorded()));
    finish(host, handle);
}

#[test]
fn a_worker_for_a_server_takes_no_history() {
    let mut host = Host::new();
    let client = host.connect(server::address());
    let options = format!(r#"{{"namespace":"{NAMESPACE}","taskQueue":"{}"}}"#, unique("queue"));
    let handle = host.worker(client, &options);
    refusal(Status::InvalidArgument, push(handle, recorded()));
    assert_eq!(replay::temporal_core_replay_finish(handle), Status::InvalidArgument);
    let replaying = replay_worker(&host);
    // SAFETY: only numbers and a writable place are passed.
    refusal(Status::InvalidArgument, |error| unsafe {
        worker::temporal_core_worker_replace_client(replaying, client, error)
    });
    for handle in [handle, replaying] {
        assert_eq!(worker::temporal_core_worker_free(handle), Status::Ok);
    }
    host.free();
}

#[test]
fn a_push_may_race_with_the_free() {
    let history = recorded();
    for round in 0..50 {
        let host = Host::new();
        let handle = replay_worker(&host);
        if round % 2 == 0 {
            host.start(handle);
        }
        thread::scope(|scope| {
            let pusher = scope.spawn(move || {
                loop {
                    match outcome(push(handle, history)) {
                        Ok(()) => {}
                        Err((status, _)) => return status,
                    }
                }
            });
            scope.spawn(move || assert_eq!(worker::temporal_core_worker_free(handle), Status::Ok));
            let status = pusher.join().unwrap();
            assert!(matches!(status, Status::Closed | Status::InvalidHandle), "{status:?}");
        });
        host.free();
    }
}
