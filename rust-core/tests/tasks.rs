//! How tasks reach the host and go back: queues, slots, activities and Nexus.

#![allow(clippy::unwrap_used)]

mod support;

use prost::Message;
use std::time::Duration;
use support::{
    Call, Event, Host, Queue, outcome,
    protos::{self, NAMESPACE, activation, unique},
    refusal,
    rig::{Rig, WORKFLOWS_ONLY, activity, options},
    server, token,
};
use temporal_bun_core::{event::EventKind, rpc::Service, status::Status, worker::exports as worker};
use temporalio_common::protos::{
    coresdk::{
        ActivityHeartbeat, ActivityTaskCompletion,
        activity_result::ActivityExecutionResult,
        activity_task::{ActivityTask, activity_task},
        nexus::{NexusTask, NexusTaskCompletion, nexus_task, nexus_task_completion},
        workflow_activation::workflow_activation_job::Variant as Job,
        workflow_commands::ScheduleNexusOperation,
    },
    temporal::api::{
        nexus::v1::{
            EndpointSpec, EndpointTarget, Response, StartOperationResponse, endpoint_target, response,
            start_operation_response,
        },
        operatorservice::v1::CreateNexusEndpointRequest,
        workflowservice::v1::{StartWorkflowExecutionRequest, StartWorkflowExecutionResponse},
    },
};

#[test]
fn an_activity_goes_there_and_back() {
    let mut rig = Rig::new("");
    let (id, run_id) = rig.activated();
    rig.complete(&protos::schedule_activity(&run_id, activity(&rig.task_queue)))
        .ok();
    let task = ActivityTask::decode(rig.host.queue.of_kind(EventKind::ActivityTask).ok().as_slice()).unwrap();
    assert!(matches!(&task.variant, Some(activity_task::Variant::Start(start)) if start.activity_type == "test"));

    let heartbeat = ActivityHeartbeat {
        task_token: task.task_token.clone(),
        details: vec![protos::payload("half")],
    }
    .encode_to_vec();
    // SAFETY: the bytes outlive the calls.
    unsafe {
        outcome(|error| {
            worker::temporal_core_worker_record_activity_heartbeat(
                rig.worker,
                heartbeat.as_ptr(),
                heartbeat.len(),
                error,
            )
        })
        .unwrap();
        refusal(Status::InvalidArgument, |error| {
            worker::temporal_core_worker_record_activity_heartbeat(rig.worker, b"\xff".as_ptr(), 1, error)
        });
    }

    let completion = ActivityTaskCompletion {
        task_token: task.task_token,
        result: Some(ActivityExecutionResult::ok(protos::payload("answer"))),
    }
    .encode_to_vec();
    let expected = token();
    // SAFETY: the bytes outlive the call.
    outcome(|error| unsafe {
        worker::temporal_core_worker_complete_activity_task(
            rig.worker,
            rig.host.queue.handle,
            expected,
            completion.as_ptr(),
            completion.len(),
            error,
        )
    })
    .unwrap();
    rig.host.queue.with_token(expected).ok();

    let event = rig.next_activation();
    let resolved = activation(&event.data);
    assert!(matches!(resolved.jobs[0].variant, Some(Job::ResolveActivity(_))));
    rig.complete(&protos::complete_workflow(&run_id, "done")).ok();
    assert_eq!(protos::result(&mut rig.host, rig.client, &id), b"done");
    rig.close();
}

#[test]
fn activations_of_a_run_come_to_the_queue_that_its_id_says() {
    let mut host = Host::new();
    let client = host.connect(server::address());
    let task_queue = unique("queue");
    let handle = host.worker(client, &options(&task_queue, WORKFLOWS_ONLY));
    let mut queues: Vec<_> = (0..3).map(|_| Queue::new()).collect();
    let handles: Vec<_> = queues.iter().map(|queue| queue.handle).collect();
    // SAFETY: the array outlives the call.
    outcome(|error| unsafe {
        worker::temporal_core_worker_start(handle, handles.as_ptr(), handles.len(), 0, 0, 9, error)
    })
    .unwrap();
    let fnv1a64 = |text: &str| {
        text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        })
    };
    for _ in 0..6 {
        let run_id = protos::start_workflow(&mut host, client, &task_queue, &unique("workflow"));
        let event = queues[(fnv1a64(&run_id) % 3) as usize].expect("the activation of the run", |event| {
            event.is(EventKind::WorkflowActivation) && activation(&event.data).run_id == run_id
        });
        assert_eq!(event.token, 9);
        host.complete_activation(handle, 0, &protos::complete_workflow(&run_id, "done"))
            .unwrap();
    }
    assert_eq!(worker::temporal_core_worker_free(handle), Status::Ok);
    for mut queue in queues {
        assert_eq!(queue.of_kind(EventKind::PollerStopped).ok(), [5]);
        queue.free();
    }
    host.free();
}

#[test]
fn a_slow_host_is_not_flooded() {
    let slots =
        r#","tuner":{"workflowTasks":{"type":"fixed","slots":2}},"workflowTaskPollers":{"type":"simple","maximum":5}"#;
    let mut rig = Rig::new(&format!("{WORKFLOWS_ONLY}{slots}"));
    const WORKFLOWS: usize = 8;
    for _ in 0..WORKFLOWS {
        protos::start_workflow(&mut rig.host, rig.client, &rig.task_queue, &unique("workflow"));
    }
    let mut waiting = vec![rig.next_activation()];
    // Nothing tells that nothing more comes, so the time is that of many round trips.
    while let Some(event) = rig
        .host
        .queue
        .wait(Duration::from_secs(1), |event| event.is(EventKind::WorkflowActivation))
    {
        waiting.push(event);
    }
    assert!(waiting.len() <= 2, "{} tasks came for 2 slots", waiting.len());
    let mut completed = 0;
    while completed < WORKFLOWS {
        let event = waiting.pop().unwrap_or_else(|| rig.next_activation());
        let activation = activation(&event.data);
        if activation.is_only_eviction() {
            rig.complete(&protos::no_commands(&activation.run_id)).ok();
        } else {
            rig.complete(&protos::complete_workflow(&activation.run_id, "done"))
                .ok();
            completed += 1;
        }
    }
    rig.close();
}

#[test]
fn an_eager_workflow_gets_its_first_task_without_a_poll() {
    let mut rig = Rig::new(WORKFLOWS_ONLY);
    // The worker offers its slots for eager starts once its pollers run.
    let (_, run_id) = rig.activated();
    rig.complete(&protos::complete_workflow(&run_id, "warm")).ok();
    let id = unique("workflow");
    let request = StartWorkflowExecutionRequest {
        request_eager_execution: true,
        ..protos::start_request(&rig.task_queue, &id)
    };
    let response: StartWorkflowExecutionResponse =
        rig.host.workflow_rpc(rig.client, "StartWorkflowExecution", &request);
    assert!(
        response.eager_workflow_task.is_some(),
        "the server gave the task with the answer"
    );
    loop {
        let event = rig.next_activation();
        let activation = activation(&event.data);
        if activation.is_only_eviction() {
            rig.complete(&protos::no_commands(&activation.run_id)).ok();
            continue;
        }
        assert_eq!(activation.run_id, response.run_id);
        rig.complete(&protos::complete_workflow(&activation.run_id, "eager"))
            .ok();
        break;
    }
    assert_eq!(protos::result(&mut rig.host, rig.client, &id), b"eager");
    rig.close();
}

/// Completes a task and waits for the outcome.
#[track_caller]
fn complete(
    host: &mut Host,
    function: unsafe extern "C" fn(u64, u64, u64, *const u8, usize, *mut u64) -> Status,
    handle: u64,
    data: &[u8],
) -> Event {
    let expected = token();
    // SAFETY: the data outlives the call.
    outcome(|error| unsafe { function(handle, host.queue.handle, expected, data.as_ptr(), data.len(), error) })
        .unwrap();
    host.queue.with_token(expected)
}

#[test]
fn open_activities_are_cancelled_after_the_grace_of_a_shutdown() {
    let mut rig = Rig::new(r#","gracefulShutdownPeriodMs":10"#);
    let (_, run_id) = rig.activated();
    rig.complete(&protos::schedule_activity(&run_id, activity(&rig.task_queue)))
        .ok();
    let start = ActivityTask::decode(rig.host.queue.of_kind(EventKind::ActivityTask).ok().as_slice()).unwrap();
    assert_eq!(worker::temporal_core_worker_initiate_shutdown(rig.worker), Status::Ok);
    let cancel = ActivityTask::decode(rig.host.queue.of_kind(EventKind::ActivityTask).ok().as_slice()).unwrap();
    assert!(matches!(cancel.variant, Some(activity_task::Variant::Cancel(_))));
    assert_eq!(cancel.task_token, start.task_token);
    // A completion that says nothing is refused, and the activity is still to be completed.
    let empty = ActivityTaskCompletion {
        task_token: start.task_token.clone(),
        result: None,
    }
    .encode_to_vec();
    let function = worker::temporal_core_worker_complete_activity_task;
    let refused = complete(&mut rig.host, function, rig.worker, &empty).error(Status::InvalidArgument);
    assert!(
        refused["message"].as_str().unwrap().contains("empty result"),
        "{refused}"
    );
    let completion = ActivityTaskCompletion {
        task_token: start.task_token,
        result: Some(ActivityExecutionResult::cancel_from_details(None)),
    }
    .encode_to_vec();
    complete(&mut rig.host, function, rig.worker, &completion).ok();
    complete(&mut rig.host, function, rig.worker, &completion).error(Status::InvalidArgument);
    rig.close();
}

/// Answers that no request to start an operation may be given.
fn unfit_answers() -> Vec<Option<nexus_task_completion::Status>> {
    let completed = |variant| Some(nexus_task_completion::Status::Completed(Response { variant }));
    vec![
        None,
        Some(nexus_task_completion::Status::Failure(Default::default())),
        completed(None),
        completed(Some(response::Variant::CancelOperation(Default::default()))),
        completed(Some(response::Variant::StartOperation(StartOperationResponse {
            variant: Some(start_operation_response::Variant::Failure(Default::default())),
        }))),
    ]
}

#[test]
fn a_nexus_operation_goes_there_and_back() {
    let mut rig = Rig::new("");
    let endpoint = unique("endpoint");
    let request = CreateNexusEndpointRequest {
        spec: Some(EndpointSpec {
            name: endpoint.clone(),
            target: Some(EndpointTarget {
                variant: Some(endpoint_target::Variant::Worker(endpoint_target::Worker {
                    namespace: NAMESPACE.into(),
                    task_queue: rig.task_queue.clone(),
                })),
            }),
            ..Default::default()
        }),
    }
    .encode_to_vec();
    let created = rig.host.rpc(&Call {
        service: Service::Operator,
        request: &request,
        ..Call::new(rig.client, "CreateNexusEndpoint")
    });
    created.ok();
    let (id, run_id) = rig.activated();
    let command = ScheduleNexusOperation {
        seq: 1,
        endpoint,
        service: "orders".into(),
        operation: "ship".into(),
        input: Some(protos::payload("42")),
        ..Default::default()
    };
    rig.complete(&protos::schedule_nexus_operation(&run_id, command)).ok();

    let task = NexusTask::decode(rig.host.queue.of_kind(EventKind::NexusTask).ok().as_slice()).unwrap();
    let Some(nexus_task::Variant::Task(task)) = task.variant else {
        panic!("it is a task")
    };
    let function = worker::temporal_core_worker_complete_nexus_task;
    complete(&mut rig.host, function, rig.worker, b"\xff").error(Status::InvalidArgument);
    // What does not fit the request is refused, and the task is still to be completed.
    for status in unfit_answers() {
        let unfit = NexusTaskCompletion {
            task_token: task.task_token.clone(),
            status,
        };
        complete(&mut rig.host, function, rig.worker, &unfit.encode_to_vec()).error(Status::InvalidArgument);
    }
    let answer = StartOperationResponse {
        variant: Some(start_operation_response::Variant::SyncSuccess(
            start_operation_response::Sync {
                payload: Some(protos::payload("shipped")),
                links: Vec::new(),
            },
        )),
    };
    let completion = NexusTaskCompletion {
        task_token: task.task_token,
        status: Some(nexus_task_completion::Status::Completed(Response {
            variant: Some(response::Variant::StartOperation(answer)),
        })),
    }
    .encode_to_vec();
    complete(&mut rig.host, function, rig.worker, &completion).ok();

    loop {
        let event = rig.next_activation();
        let jobs = activation(&event.data).jobs;
        if jobs
            .iter()
            .any(|job| matches!(job.variant, Some(Job::ResolveNexusOperation(_))))
        {
            break;
        }
        rig.complete(&protos::no_commands(&run_id)).ok();
    }
    rig.complete(&protos::complete_workflow(&run_id, "done")).ok();
    assert_eq!(protos::result(&mut rig.host, rig.client, &id), b"done");
    rig.close();
}

/// The document of a slot event.
fn slot(event: Event) -> serde_json::Value {
    serde_json::from_slice(&event.ok()).expect("slot events are JSON documents")
}

#[test]
fn the_host_can_supply_slots() {
    let mut host = Host::new();
    let client = host.connect(server::address());
    let task_queue = unique("queue");
    let tuner = r#","maxCachedWorkflows":0,"tuner":{"workflowTasks":{"type":"host"}},"workflowTaskPollers":{"type":"simple","maximum":1}"#;
    let handle = host.worker(client, &options(&task_queue, &format!("{WORKFLOWS_ONLY}{tuner}")));
    let queue = host.queue.handle;
    // SAFETY: the queue handle outlives the calls.
    unsafe {
        let message = refusal(Status::InvalidArgument, |error| {
            worker::temporal_core_worker_start(handle, &queue, 1, 0, 0, 1, error)
        });
        assert!(message.contains("supply_slots"), "{message}");
        outcome(|error| worker::temporal_core_worker_supply_slots(handle, queue, 77, error)).unwrap();
        refusal(Status::Busy, |error| {
            worker::temporal_core_worker_supply_slots(handle, queue, 77, error)
        });
    }
    host.start(handle);

    let asked = host.queue.of_kind(EventKind::SlotReserve);
    assert_eq!(asked.token, 77);
    let asked = slot(asked);
    assert_eq!(asked["slotKind"], "workflow");
    assert_eq!(asked["request"]["taskQueue"], task_queue);
    assert_eq!(asked["request"]["workerIdentity"], "test");
    let run_id = protos::start_workflow(&mut host, client, &task_queue, &unique("workflow"));
    let early = host.queue.wait(Duration::from_millis(500), |event| {
        event.is(EventKind::WorkflowActivation)
    });
    assert!(early.is_none(), "there is no slot yet");

    let reservation = asked["reservation"].as_u64().unwrap();
    let grant = |reservation| {
        // SAFETY: only numbers and a writable place are passed.
        outcome(|error| unsafe { worker::temporal_core_worker_grant_slot(handle, reservation, error) })
    };
    grant(reservation).unwrap();
    assert_eq!(
        grant(reservation).unwrap_err().0,
        Status::InvalidArgument,
        "a slot is granted once"
    );
    let activation_event = host.queue.of_kind(EventKind::WorkflowActivation);
    assert_eq!(activation(&activation_event.data).run_id, run_id);
    let used = slot(host.queue.of_kind(EventKind::SlotUsed));
    assert_eq!(
        (&used["reservation"], &used["task"]["workflowType"]),
        (&asked["reservation"], &"test".into())
    );
    host.complete_activation(handle, 0, &protos::complete_workflow(&run_id, "done"))
        .unwrap();
    let released = slot(host.queue.of_kind(EventKind::SlotReleased));
    assert_eq!(released["reservation"], asked["reservation"]);
    assert_eq!(released["task"], used["task"]);

    // The next reservation is never granted; the shutdown takes it back.
    let next = slot(host.queue.of_kind(EventKind::SlotReserve));
    let finalized = host.start_finalize(handle).unwrap();
    loop {
        let event = host.queue.expect("the end of the worker", |event| {
            event.token == finalized || event.is(EventKind::WorkflowActivation)
        });
        if event.token == finalized {
            event.ok();
            break;
        }
        let run_id = activation(&event.data).run_id;
        host.complete_activation(handle, 0, &protos::no_commands(&run_id))
            .unwrap();
    }
    let cancelled = slot(host.queue.of_kind(EventKind::SlotCancelled));
    assert_eq!(cancelled["reservation"], next["reservation"]);
    assert_eq!(worker::temporal_core_worker_free(handle), Status::Ok);
    host.free();
}

#[test]
fn a_worker_with_other_slots_takes_none_from_the_host() {
    let mut host = Host::new();
    let client = host.connect(server::address());
    let handle = host.worker(client, &options(&unique("queue"), ""));
    let queue = host.queue.handle;
    // SAFETY: only numbers and writable places are passed.
    unsafe {
        refusal(Status::InvalidArgument, |error| {
            worker::temporal_core_worker_supply_slots(handle, queue, 1, error)
        });
        refusal(Status::InvalidArgument, |error| {
            worker::temporal_core_worker_grant_slot(handle, 1, error)
        });
    }
    assert_eq!(worker::temporal_core_worker_free(handle), Status::Ok);
    host.free();
}
