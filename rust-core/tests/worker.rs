//! Workers against a real server, completed by hand.

#![allow(clippy::unwrap_used)]

mod support;

use prost::Message;
use std::time::{Duration, Instant};
use support::{
    Host, PATIENCE, Queue, outcome,
    protos::{self, activation, unique},
    refusal,
    rig::{Rig, WORKFLOWS_ONLY, activity, options},
    server, token,
};
use temporal_bun_core::{client, event::EventKind, status::Status, worker::exports as worker};
use temporalio_common::protos::{
    coresdk::{
        activity_task::{ActivityTask, activity_task},
        workflow_commands::ScheduleActivity,
    },
    temporal::api::{
        enums::v1::EventType,
        history::v1::HistoryEvent,
        workflowservice::v1::{StartWorkflowExecutionRequest, StartWorkflowExecutionResponse},
    },
};

#[test]
fn options_are_refused_by_path() {
    let mut host = Host::new();
    let client = host.connect(server::address());
    let document = r#"{"namespace":"n","taskQueue":"q","pollers":1}"#;
    let mut handle = 7;
    // SAFETY: the document is static and the place writable.
    let message = refusal(Status::InvalidOptions, |error| unsafe {
        worker::temporal_core_worker_new(client, document.as_ptr(), document.len(), &mut handle, error)
    });
    assert!(message.contains("pollers"), "{message}");
    assert_eq!(handle, 7, "nothing is written when there is no result");
    host.free();
}

#[test]
fn a_client_has_one_worker_for_a_task_queue() {
    let mut host = Host::new();
    let client = host.connect(server::address());
    let document = options(&unique("queue"), WORKFLOWS_ONLY);
    let first = host.worker(client, &document);
    let mut second = 0;
    // SAFETY: the document outlives the call and the place is writable.
    let message = refusal(Status::WorkerFailed, |error| unsafe {
        worker::temporal_core_worker_new(client, document.as_ptr(), document.len(), &mut second, error)
    });
    assert!(message.contains("could not be made"), "{message}");
    assert_eq!(worker::temporal_core_worker_free(first), Status::Ok);
    host.free();
}

#[test]
fn a_namespace_that_does_not_exist_fails_validation() {
    let mut host = Host::new();
    let client = host.connect(server::address());
    for (namespace, fails) in [("default", false), ("no-such-namespace", true)] {
        let document = format!(r#"{{"namespace":"{namespace}","taskQueue":"q"}}"#);
        let handle = host.worker(client, &document);
        let expected = token();
        // SAFETY: only numbers and a writable place are passed.
        outcome(|error| unsafe { worker::temporal_core_worker_validate(handle, host.queue.handle, expected, error) })
            .unwrap();
        let event = host.queue.with_token(expected);
        assert!(event.is(EventKind::WorkerValidated));
        if fails {
            let document = event.error(Status::WorkerFailed);
            assert_eq!(document["grpcCode"], 5);
            assert!(
                document["message"].as_str().unwrap().contains("no-such-namespace"),
                "{document}"
            );
        } else {
            event.ok();
        }
        assert_eq!(worker::temporal_core_worker_free(handle), Status::Ok);
    }
    host.free();
}

#[test]
fn a_workflow_is_completed_by_hand() {
    let mut rig = Rig::new(WORKFLOWS_ONLY);
    let (id, run_id) = rig.activated();
    rig.complete(&protos::complete_workflow(&run_id, "done")).ok();
    assert_eq!(protos::result(&mut rig.host, rig.client, &id), b"done");
    rig.close();
}

#[test]
fn a_completion_without_a_token_succeeds_in_silence() {
    let mut rig = Rig::new(WORKFLOWS_ONLY);
    let (id, run_id) = rig.activated();
    rig.host
        .complete_activation(rig.worker, 0, &protos::complete_workflow(&run_id, "quiet"))
        .unwrap();
    assert_eq!(protos::result(&mut rig.host, rig.client, &id), b"quiet");
    assert!(
        rig.host
            .queue
            .wait(Duration::ZERO, |event| event.is(EventKind::Completion))
            .is_none()
    );
    // A failure is told in any case.
    rig.host.complete_activation(rig.worker, 0, b"\xff").unwrap();
    rig.host
        .queue
        .of_kind(EventKind::Completion)
        .error(Status::InvalidArgument);
    rig.close();
}

/// What a completion that nobody waits for and that can not be used comes to.
#[track_caller]
fn unusable(rig: &mut Rig, data: &[u8]) -> serde_json::Value {
    rig.host.complete_activation(rig.worker, 0, data).unwrap();
    let event = rig.host.queue.of_kind(EventKind::Completion);
    event.error(Status::InvalidArgument)
}

#[test]
fn a_completion_without_a_token_that_can_not_be_used_fails_its_task() {
    let mut rig = Rig::new(WORKFLOWS_ONLY);
    let (id, run_id) = rig.activated();
    let document = unusable(&mut rig, &protos::refused(&run_id, 1));
    let message = document["message"].as_str().unwrap();
    assert!(message.contains("legacy query response along with other"), "{message}");
    assert_eq!(
        document["failedTask"],
        serde_json::json!({ "kind": 5, "runId": run_id, "commands": ["StartTimer", "RespondToQuery"] })
    );
    assert!(activation(&rig.next_activation().data).is_only_eviction());
    assert_eq!(protos::task_failure(&mut rig.host, rig.client, &id).message, message);
    // What is no message says no less of the task, if that can be read.
    let mut data = protos::no_commands(&run_id);
    data.push(0xff);
    assert_eq!(
        unusable(&mut rig, &data)["failedTask"]["commands"],
        serde_json::json!([])
    );
    assert_eq!(activation(&rig.next_activation().data).run_id, run_id);
    rig.complete(&protos::complete_workflow(&run_id, "mended")).ok();
    assert_eq!(protos::result(&mut rig.host, rig.client, &id), b"mended");
    rig.close();
}

#[test]
fn another_queue_takes_the_runs_of_a_thread_that_has_ended() {
    let mut rig = Rig::new(WORKFLOWS_ONLY);
    let (_, cached_run) = rig.activated();
    rig.complete(&protos::start_timer(&cached_run)).ok();
    let (open, open_run) = rig.activated();
    let old = std::mem::replace(&mut rig.host.queue, Queue::new());
    let replace = |rig: &Rig, index| {
        let (queue, reason) = (rig.host.queue.handle, b"it took too much");
        // SAFETY: the bytes outlive the call.
        outcome(|error| unsafe {
            worker::temporal_core_worker_replace_workflow_queue(
                rig.worker,
                index,
                queue,
                reason.as_ptr(),
                reason.len(),
                error,
            )
        })
    };
    let (status, document) = replace(&rig, 1).unwrap_err();
    assert_eq!(status, Status::InvalidArgument, "{document}");
    replace(&rig, 0).unwrap();
    old.free();
    // The one that was idle is evicted, and that with a task too, when it has failed.
    let mut evicted = Vec::new();
    while evicted.len() < 2 {
        let activation = activation(&rig.next_activation().data);
        assert!(activation.is_only_eviction(), "{activation:?}");
        rig.complete(&protos::no_commands(&activation.run_id)).ok();
        evicted.push(activation.run_id);
    }
    evicted.sort();
    let mut expected = [cached_run, open_run.clone()];
    expected.sort();
    assert_eq!(evicted, expected);
    assert_eq!(
        protos::task_failure(&mut rig.host, rig.client, &open).message,
        "it took too much"
    );
    assert_eq!(activation(&rig.next_activation().data).run_id, open_run);
    rig.complete(&protos::complete_workflow(&open_run, "there")).ok();
    assert_eq!(protos::result(&mut rig.host, rig.client, &open), b"there");
    rig.close();
}

#[test]
fn completions_of_nothing_are_failed_events() {
    let mut rig = Rig::new(WORKFLOWS_ONLY);
    let (_, run_id) = rig.activated();
    let document = rig.complete(b"\xff\xff\xff").error(Status::InvalidArgument);
    assert!(
        document["message"]
            .as_str()
            .unwrap()
            .contains("not an encoded workflow activation completion")
    );
    let document = rig
        .complete(&protos::no_commands("no-such-run"))
        .error(Status::InvalidArgument);
    assert!(
        document["message"].as_str().unwrap().contains("no-such-run"),
        "{document}"
    );
    let done = protos::complete_workflow(&run_id, "once");
    rig.complete(&done).ok();
    // The run is over, so it is evicted; then it is no longer the host's.
    let event = rig.next_activation();
    assert!(activation(&event.data).is_only_eviction());
    rig.complete(&protos::no_commands(&run_id)).ok();
    let document = rig.complete(&done).error(Status::InvalidArgument);
    assert!(document["message"].as_str().unwrap().contains(&run_id), "{document}");
    rig.close();
}

#[test]
fn start_wants_its_queues_and_happens_once() {
    let mut host = Host::new();
    let client = host.connect(server::address());
    let handle = host.worker(client, &options(&unique("queue"), ""));
    let queue = host.queue.handle;
    let start = |queues: *const u64, count, activities, nexus| {
        // SAFETY: `queues` is NULL or points to `count` handles that outlive the call.
        outcome(|error| unsafe {
            worker::temporal_core_worker_start(handle, queues, count, activities, nexus, 1, error)
        })
        .map_err(|(status, _)| status)
    };
    assert_eq!(start(std::ptr::null(), 0, queue, queue), Err(Status::InvalidArgument));
    assert_eq!(start(std::ptr::null(), 1, queue, queue), Err(Status::InvalidArgument));
    assert_eq!(start(&queue, 1, 0, queue), Err(Status::InvalidHandle));
    assert_eq!(start(&queue, 1, queue, 0), Err(Status::InvalidHandle));
    assert_eq!(start(&0, 1, queue, queue), Err(Status::InvalidHandle));
    assert_eq!(start(&queue, 1, queue, queue), Ok(()));
    assert_eq!(start(&queue, 1, queue, queue), Err(Status::Busy));
    assert_eq!(worker::temporal_core_worker_free(handle), Status::Ok);
    host.free();
}

#[test]
fn an_eviction_can_be_asked_for() {
    let mut rig = Rig::new(WORKFLOWS_ONLY);
    let (_, run_id) = rig.activated();
    rig.complete(&protos::no_commands(&run_id)).ok();
    // SAFETY: the run id outlives the call.
    outcome(|error| unsafe {
        worker::temporal_core_worker_request_workflow_eviction(rig.worker, run_id.as_ptr(), run_id.len(), error)
    })
    .unwrap();
    let event = rig.next_activation();
    let eviction = activation(&event.data);
    assert!(eviction.is_only_eviction() && eviction.run_id == run_id);
    rig.complete(&protos::no_commands(&run_id)).ok();
    rig.close();
}

#[test]
fn a_client_can_be_replaced_and_freed() {
    let mut rig = Rig::new(WORKFLOWS_ONLY);
    let (_, run_id) = rig.activated();
    rig.complete(&protos::complete_workflow(&run_id, "first")).ok();
    let new = rig.host.connect(server::address());
    // SAFETY: only numbers and a writable place are passed.
    outcome(|error| unsafe { worker::temporal_core_worker_replace_client(rig.worker, new, error) }).unwrap();
    assert_eq!(client::temporal_core_client_free(rig.client), Status::Ok);
    rig.client = new;
    let id = unique("workflow");
    protos::start_workflow(&mut rig.host, new, &rig.task_queue, &id);
    loop {
        let event = rig.next_activation();
        let activation = activation(&event.data);
        if !activation.is_only_eviction() {
            rig.complete(&protos::complete_workflow(&activation.run_id, "second"))
                .ok();
            break;
        }
        rig.complete(&protos::no_commands(&activation.run_id)).ok();
    }
    assert_eq!(protos::result(&mut rig.host, new, &id), b"second");
    rig.close();
}

#[test]
fn after_finalize_everything_is_closed() {
    let mut rig = Rig::new(WORKFLOWS_ONLY);
    let (_, run_id) = rig.activated();
    let done = protos::complete_workflow(&run_id, "done");
    // Beginning to finalise with a task open: it is still to be completed.
    let finalized = rig.host.start_finalize(rig.worker).unwrap();
    assert_eq!(rig.host.start_finalize(rig.worker).unwrap_err().0, Status::Closed);
    rig.complete(&done).ok();
    loop {
        let event = rig.host.queue.expect("the end of the worker", |event| {
            event.token == finalized || event.is(EventKind::WorkflowActivation)
        });
        if event.token == finalized {
            event.ok();
            break;
        }
        rig.complete(&protos::no_commands(&activation(&event.data).run_id)).ok();
    }
    assert_eq!(
        rig.host.complete_activation(rig.worker, 1, &done).unwrap_err().0,
        Status::Closed
    );
    assert_eq!(
        worker::temporal_core_worker_initiate_shutdown(rig.worker),
        Status::Closed
    );
    assert_eq!(rig.host.start_finalize(rig.worker).unwrap_err().0, Status::Closed);
    let (handle, queue) = (rig.worker, rig.host.queue.handle);
    // SAFETY: the bytes are static, the queue handle outlives the call.
    unsafe {
        refusal(Status::Closed, |error| {
            worker::temporal_core_worker_validate(handle, queue, 1, error)
        });
        refusal(Status::Closed, |error| {
            worker::temporal_core_worker_start(handle, &queue, 1, queue, queue, 1, error)
        });
        refusal(Status::Closed, |error| {
            worker::temporal_core_worker_request_workflow_eviction(handle, b"r".as_ptr(), 1, error)
        });
        refusal(Status::Closed, |error| {
            worker::temporal_core_worker_replace_client(handle, rig.client, error)
        });
        refusal(Status::Closed, |error| {
            worker::temporal_core_worker_record_activity_heartbeat(handle, std::ptr::null(), 0, error)
        });
    }
    assert_eq!(worker::temporal_core_worker_free(rig.worker), Status::Ok);
    assert_eq!(worker::temporal_core_worker_free(rig.worker), Status::InvalidHandle);
    rig.host.free();
}

#[test]
fn a_worker_that_never_started_can_be_finalised() {
    let mut host = Host::new();
    let client = host.connect(server::address());
    let handle = host.worker(client, &options(&unique("queue"), ""));
    let finalized = host.start_finalize(handle).unwrap();
    host.queue.with_token(finalized).ok();
    assert_eq!(worker::temporal_core_worker_free(handle), Status::Ok);
    host.free();
}

#[test]
fn a_worker_freed_with_a_poll_open_gives_its_task_back() {
    let mut rig = Rig::new(WORKFLOWS_ONLY);
    let id = unique("workflow");
    let request = StartWorkflowExecutionRequest {
        // Longer than anything here waits, so that the task does not come again because its time is up.
        workflow_task_timeout: Duration::from_secs(120).try_into().ok(),
        ..protos::start_request(&rig.task_queue, &id)
    };
    let started: StartWorkflowExecutionResponse = rig.host.workflow_rpc(rig.client, "StartWorkflowExecution", &request);
    let run_id = started.run_id;
    assert_eq!(activation(&rig.next_activation().data).run_id, run_id);
    assert_eq!(worker::temporal_core_worker_free(rig.worker), Status::Ok);
    assert_eq!(
        rig.host
            .complete_activation(rig.worker, 1, &protos::no_commands(&run_id))
            .unwrap_err()
            .0,
        Status::InvalidHandle
    );
    assert_eq!(rig.host.queue.of_kind(EventKind::PollerStopped).ok(), [5]);
    // Another worker gets the task.
    rig.worker = rig.host.worker(rig.client, &options(&rig.task_queue, WORKFLOWS_ONLY));
    rig.host.start(rig.worker);
    let event = rig.next_activation();
    assert_eq!(activation(&event.data).run_id, run_id);
    rig.complete(&protos::complete_workflow(&run_id, "done")).ok();
    assert_eq!(protos::result(&mut rig.host, rig.client, &id), b"done");
    rig.close();
}

#[test]
fn an_activity_of_a_freed_worker_is_tried_again() {
    let mut rig = Rig::new("");
    let (_, run_id) = rig.activated();
    let command = ScheduleActivity {
        retry_policy: Some(temporalio_common::protos::temporal::api::common::v1::RetryPolicy {
            initial_interval: Duration::from_secs(1).try_into().ok(),
            ..Default::default()
        }),
        ..activity(&rig.task_queue)
    };
    rig.complete(&protos::schedule_activity(&run_id, command)).ok();
    rig.host.queue.of_kind(EventKind::ActivityTask).ok();
    assert_eq!(worker::temporal_core_worker_free(rig.worker), Status::Ok);
    for _ in 0..3 {
        rig.host.queue.of_kind(EventKind::PollerStopped).ok();
    }
    rig.worker = rig.host.worker(rig.client, &options(&rig.task_queue, ""));
    rig.host.start(rig.worker);
    let task = ActivityTask::decode(rig.host.queue.of_kind(EventKind::ActivityTask).ok().as_slice()).unwrap();
    assert!(matches!(task.variant, Some(activity_task::Variant::Start(start)) if start.attempt == 2));
    assert_eq!(worker::temporal_core_worker_free(rig.worker), Status::Ok);
    rig.host.free();
}

#[test]
fn a_task_for_a_queue_that_was_freed_is_given_back() {
    let mut host = Host::new();
    let client = host.connect(server::address());
    let task_queue = unique("queue");
    let handle = host.worker(client, &options(&task_queue, WORKFLOWS_ONLY));
    let workflows = Queue::new();
    // SAFETY: the handle outlives the call.
    outcome(|error| unsafe { worker::temporal_core_worker_start(handle, &workflows.handle, 1, 0, 0, 1, error) })
        .unwrap();
    workflows.free();
    let id = unique("workflow");
    let run_id = protos::start_workflow(&mut host, client, &task_queue, &id);
    let deadline = Instant::now() + PATIENCE;
    let is_failed = |event: &HistoryEvent| event.event_type() == EventType::WorkflowTaskFailed;
    while !protos::history(&mut host, client, &id).events.iter().any(is_failed) {
        assert!(Instant::now() < deadline, "the task was not given back");
    }
    // The worker shuts down by itself, so that another can be made on the same client once it has.
    let finalized = host.start_finalize(handle).unwrap();
    host.queue.with_token(finalized).ok();
    let second = host.worker(client, &options(&task_queue, WORKFLOWS_ONLY));
    host.start(second);
    let event = host.queue.of_kind(EventKind::WorkflowActivation);
    assert_eq!(activation(&event.data).run_id, run_id);
    for handle in [handle, second] {
        assert_eq!(worker::temporal_core_worker_free(handle), Status::Ok);
    }
    host.free();
}

#[test]
fn a_worker_may_be_freed_in_any_state() {
    let mut host = Host::new();
    let client = host.connect(server::address());
    let make = |host: &Host| host.worker(client, &options(&unique("queue"), ""));
    let states: [fn(&mut Host, u64); 5] = [
        |_, _| {},
        |host, handle| {
            host.start(handle);
        },
        |_, handle| assert_eq!(worker::temporal_core_worker_initiate_shutdown(handle), Status::Ok),
        |host, handle| {
            host.start(handle);
            assert_eq!(worker::temporal_core_worker_initiate_shutdown(handle), Status::Ok);
        },
        |host, handle| {
            host.start(handle);
            host.start_finalize(handle).unwrap();
        },
    ];
    for reach in states {
        let handle = make(&host);
        reach(&mut host, handle);
        assert_eq!(worker::temporal_core_worker_free(handle), Status::Ok);
    }
    host.free();
}
