//! Hosts that give up workers, queues and tasks: every worker comes to its end all the same.

#![allow(clippy::unwrap_used)]

mod support;

use prost::Message;
use std::time::{Duration, Instant};
use support::{
    PATIENCE, Queue, outcome,
    protos::{self, unique},
    rig::{Rig, WORKFLOWS_ONLY, options},
    server, token,
};
use temporal_bun_core::{event::EventKind, queue::temporal_core_queue_wait, status::Status, worker::exports as worker};
use temporalio_common::protos::{
    coresdk::{
        activity_task::{ActivityTask, activity_task},
        workflow_commands::ScheduleLocalActivity,
    },
    temporal::api::{common::v1::RetryPolicy, enums::v1::EventType},
};

#[test]
fn a_task_that_waits_in_a_queue_that_is_freed_is_given_back() {
    let mut host = support::Host::new();
    let client = host.connect(server::address());
    let task_queue = unique("queue");
    let handle = host.worker(client, &options(&task_queue, WORKFLOWS_ONLY));
    let workflows = Queue::new();
    // SAFETY: the handle outlives the call.
    outcome(|error| unsafe { worker::temporal_core_worker_start(handle, &workflows.handle, 1, 0, 0, 1, error) })
        .unwrap();
    let id = unique("workflow");
    protos::start_workflow(&mut host, client, &task_queue, &id);
    let patience = PATIENCE.as_millis() as u32;
    assert_eq!(temporal_core_queue_wait(workflows.handle, patience), Status::Ok);
    workflows.free();
    let finalized = host.start_finalize(handle).unwrap();
    host.queue.with_token(finalized).ok();
    let events = protos::history(&mut host, client, &id).events;
    assert!(
        events
            .iter()
            .any(|event| event.event_type() == EventType::WorkflowTaskFailed)
    );
    assert_eq!(worker::temporal_core_worker_free(handle), Status::Ok);
    host.free();
}

/// Waits until each kind of poller has told that it stopped, which is when Core has no task left.
#[track_caller]
fn expect_stopped(rig: &mut Rig, kinds: usize) {
    for _ in 0..kinds {
        rig.host.queue.of_kind(EventKind::PollerStopped).ok();
    }
}

#[test]
fn a_local_activity_that_is_retried_for_ever_does_not_keep_a_freed_worker() {
    let mut rig = Rig::new("");
    let (_, run_id) = rig.activated();
    let command = ScheduleLocalActivity {
        seq: 1,
        activity_id: "1".into(),
        activity_type: "test".into(),
        attempt: 1,
        start_to_close_timeout: Duration::from_secs(600).try_into().ok(),
        local_retry_threshold: Duration::from_secs(600).try_into().ok(),
        retry_policy: Some(RetryPolicy {
            initial_interval: Duration::from_millis(100).try_into().ok(),
            backoff_coefficient: 1.0,
            ..Default::default()
        }),
        ..Default::default()
    };
    let data = protos::schedule_local_activity(&run_id, command);
    rig.host.complete_activation(rig.worker, 0, &data).unwrap();
    let task = ActivityTask::decode(rig.host.queue.of_kind(EventKind::ActivityTask).ok().as_slice()).unwrap();
    assert!(matches!(task.variant, Some(activity_task::Variant::Start(start)) if start.is_local));
    assert_eq!(worker::temporal_core_worker_free(rig.worker), Status::Ok);
    expect_stopped(&mut rig, 3);
    rig.host.free();
}

/// Whether Core has the task by the completion with this token, rather than having refused it before that was seen.
fn is_taken(rig: &mut Rig, run_id: &str, completion: u64) -> bool {
    loop {
        // While the task is the host's this is refused for what it is, and then because the other has the task.
        let probe = rig.complete(&protos::refused(run_id, 1));
        let error = probe.error(Status::InvalidArgument);
        if error["message"].as_str().unwrap().contains("no task is open") {
            return true;
        }
        let is_over = rig.host.queue.wait(Duration::ZERO, |event| event.token == completion);
        if let Some(event) = is_over {
            event.error(Status::InvalidArgument);
            return false;
        }
    }
}

#[test]
fn a_completion_that_is_refused_after_the_free_leaves_no_task_open() {
    // So many that Core is still busy with them when the host frees the worker.
    const TIMERS: u32 = 100_000;
    let mut rig = Rig::new(WORKFLOWS_ONLY);
    let (_, run_id) = rig.activated();
    let deadline = Instant::now() + PATIENCE;
    let refused = loop {
        assert!(
            Instant::now() < deadline,
            "Core was never seen to be busy with a completion"
        );
        let refused = token();
        let data = protos::refused(&run_id, TIMERS);
        rig.host.complete_activation(rig.worker, refused, &data).unwrap();
        if is_taken(&mut rig, &run_id, refused) {
            break refused;
        }
    };
    assert_eq!(worker::temporal_core_worker_free(rig.worker), Status::Ok);
    rig.host.queue.with_token(refused).error(Status::InvalidArgument);
    expect_stopped(&mut rig, 1);
    rig.host.free();
}
