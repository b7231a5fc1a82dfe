//! Every export, called with random arguments.

use prost::Message;
use std::{
    os::fd::{FromRawFd, OwnedFd},
    ptr,
};
use temporal_bun_core::{
    abi::{Abi, temporal_core_abi},
    bytes::temporal_core_bytes_read,
    cancellation::{temporal_core_cancellation_cancel, temporal_core_cancellation_new},
    client::{temporal_core_client_connect, temporal_core_client_update_api_key, temporal_core_client_update_metadata},
    handle::Kind,
    metric::{temporal_core_metric_new, temporal_core_metric_record},
    queue::{temporal_core_queue_new, temporal_core_queue_post, temporal_core_queue_take, temporal_core_queue_wait},
    replay::{temporal_core_replay_finish, temporal_core_replay_push, temporal_core_replay_worker_new},
    resource_controller::temporal_core_resource_controller_new,
    rpc::temporal_core_client_rpc,
    runtime::{temporal_core_runtime_forward_logs, temporal_core_runtime_new, temporal_core_runtime_take_metrics},
    status::Status,
    worker::exports::*,
};
use temporalio_common::protos::{
    coresdk::{
        ActivityHeartbeat, ActivityTaskCompletion, activity_result::ActivityExecutionResult,
        activity_task::ActivityTask, nexus::NexusTaskCompletion, workflow_activation::WorkflowActivation,
    },
    temporal::api::{
        common::v1::{WorkflowExecution, WorkflowType},
        history::v1::{
            History, HistoryEvent, WorkflowExecutionStartedEventAttributes, WorkflowTaskScheduledEventAttributes,
            WorkflowTaskStartedEventAttributes, history_event::Attributes,
        },
        taskqueue::v1::TaskQueue,
        workflowservice::v1::{DescribeWorkflowExecutionRequest, GetSystemInfoRequest},
    },
};

use super::{
    actor::{Actor, read},
    arguments::{Data, options},
    support::protos,
};

/// How many statuses there are.
pub const STATUSES: usize = Status::Panic as usize + 1;

pub struct Call {
    /// Without the prefix.
    pub name: &'static str,
    /// How often it is made, beside the others. What costs the server or threads is made less.
    pub weight: usize,
    pub run: fn(&mut Actor) -> Status,
}

const fn call(name: &'static str, weight: usize, run: fn(&mut Actor) -> Status) -> Call {
    Call { name, weight, run }
}

pub const CALLS: [Call; 44] = [
    call("abi", 100, abi),
    call("bytes_read", 400, bytes_read),
    call("bytes_free", 300, |actor| free(actor, Kind::Bytes)),
    call("cancellation_new", 200, cancellation_new),
    call("cancellation_cancel", 150, |actor| {
        temporal_core_cancellation_cancel(actor.handle(Kind::Cancellation))
    }),
    call("cancellation_free", 150, |actor| free(actor, Kind::Cancellation)),
    call("client_connect", 40, client_connect),
    call("client_update_metadata", 100, client_update_metadata),
    call("client_update_api_key", 100, client_update_api_key),
    call("client_rpc", 100, client_rpc),
    call("client_free", 8, |actor| free(actor, Kind::Client)),
    call("metric_new", 150, metric_new),
    call("metric_record", 300, metric_record),
    call("metric_free", 100, |actor| free(actor, Kind::Metric)),
    call("queue_new", 300, queue_new),
    call("queue_drain", 2000, drain),
    call("queue_take", 1200, queue_take),
    call("queue_wait", 200, queue_wait),
    call("queue_post", 2500, queue_post),
    call("queue_free", 150, |actor| free(actor, Kind::Queue)),
    call("replay_worker_new", 40, replay_worker_new),
    call("replay_push", 150, replay_push),
    call("replay_finish", 10, |actor| {
        temporal_core_replay_finish(actor.handle(Kind::Worker))
    }),
    call("resource_controller_new", 20, resource_controller_new),
    call("resource_controller_free", 10, |actor| {
        free(actor, Kind::ResourceController)
    }),
    call("runtime_new", 30, runtime_new),
    call("runtime_forward_logs", 60, runtime_forward_logs),
    call("runtime_take_metrics", 60, runtime_take_metrics),
    call("runtime_free", 8, |actor| free(actor, Kind::Runtime)),
    call("worker_new", 60, worker_new),
    call("worker_validate", 40, worker_validate),
    call("worker_start", 120, worker_start),
    call("worker_complete_workflow_activation", 300, complete_workflow_activation),
    call("worker_complete_activity_task", 150, complete_activity_task),
    call("worker_complete_nexus_task", 150, complete_nexus_task),
    call("worker_record_activity_heartbeat", 150, record_activity_heartbeat),
    call("worker_request_workflow_eviction", 150, request_workflow_eviction),
    call("worker_replace_client", 30, worker_replace_client),
    call("worker_replace_workflow_queue", 30, replace_workflow_queue),
    call("worker_initiate_shutdown", 10, |actor| {
        temporal_core_worker_initiate_shutdown(actor.handle(Kind::Worker))
    }),
    call("worker_finalize_shutdown", 15, worker_finalize_shutdown),
    call("worker_supply_slots", 120, worker_supply_slots),
    call("worker_grant_slot", 120, worker_grant_slot),
    call("worker_free", 15, |actor| free(actor, Kind::Worker)),
];

fn free(actor: &mut Actor, kind: Kind) -> Status {
    let handle = actor.handle(kind);
    actor.free(kind, handle)
}

fn chosen(actor: &mut Actor, documents: &[&str]) -> Data {
    let document = actor.random.pick(documents).as_bytes().to_vec();
    Data::new(&mut actor.random, document)
}

fn message(actor: &mut Actor, message: &impl Message) -> Data {
    Data::new(&mut actor.random, message.encode_to_vec())
}

fn abi(actor: &mut Actor) -> Status {
    let mut abi = Abi {
        size: if actor.random.percent(50) {
            size_of::<Abi>() as u32
        } else {
            actor.random.below(40) as u32
        },
        abi_version: 0,
        header_hash: 0,
        package_version: ptr::null(),
        core_version: ptr::null(),
    };
    // A size above what is there would be a lie that nobody can see through.
    abi.size = abi.size.min(size_of::<Abi>() as u32);
    // SAFETY: NULL or a struct of at least its size.
    unsafe { temporal_core_abi(actor.out(&mut abi)) }
}

fn bytes_read(actor: &mut Actor) -> Status {
    let (mut data, mut length) = (ptr::null(), 0);
    let bytes = actor.handle(Kind::Bytes);
    // SAFETY: NULL or locals.
    let status = unsafe { temporal_core_bytes_read(bytes, actor.out(&mut data), actor.out(&mut length)) };
    if status == Status::Ok {
        assert_eq!(read(bytes).len(), length);
    }
    status
}

fn cancellation_new(actor: &mut Actor) -> Status {
    let mut handle = 0;
    // SAFETY: NULL or a local.
    let status = unsafe { temporal_core_cancellation_new(actor.out(&mut handle)) };
    kept(actor, Kind::Cancellation, handle, status)
}

fn metric_new(actor: &mut Actor) -> Status {
    let mut handle = 0;
    let runtime = actor.handle(Kind::Runtime);
    let options = chosen(actor, options::METRIC);
    let out = actor.out(&mut handle);
    // SAFETY: the data outlives the call, and the place is NULL or a local.
    let status = actor
        .failing(|error| unsafe { temporal_core_metric_new(runtime, options.data(), options.length(), out, error) });
    kept(actor, Kind::Metric, handle, status)
}

fn metric_record(actor: &mut Actor) -> Status {
    let metric = actor.handle(Kind::Metric);
    let value = *actor
        .random
        .pick(&[0.0, 1.0, -1.0, 0.5, 1e300, f64::NAN, f64::NEG_INFINITY]);
    let attributes = chosen(actor, options::METRIC_ATTRIBUTES);
    // SAFETY: the data outlives the call.
    actor.failing(|error| unsafe {
        temporal_core_metric_record(metric, value, attributes.data(), attributes.length(), error)
    })
}

fn resource_controller_new(actor: &mut Actor) -> Status {
    let mut handle = 0;
    let options = chosen(actor, options::RESOURCES);
    let out = actor.out(&mut handle);
    // SAFETY: the data outlives the call, and the place is NULL or a local.
    let status = actor.failing(|error| unsafe {
        temporal_core_resource_controller_new(options.data(), options.length(), out, error)
    });
    kept(actor, Kind::ResourceController, handle, status)
}

fn runtime_take_metrics(actor: &mut Actor) -> Status {
    let mut handle = 0;
    let runtime = actor.handle(Kind::Runtime);
    let out = actor.out(&mut handle);
    // SAFETY: the place is NULL or a local.
    let status = actor.failing(|error| unsafe { temporal_core_runtime_take_metrics(runtime, out, error) });
    kept(actor, Kind::Bytes, handle, status)
}

fn kept(actor: &mut Actor, kind: Kind, handle: u64, status: Status) -> Status {
    if status == Status::Ok {
        actor.keep(kind, handle);
    } else {
        assert_eq!(handle, 0, "nothing is written by a call that fails");
    }
    status
}

fn client_connect(actor: &mut Actor) -> Status {
    let (runtime, queue, token) = (
        actor.handle(Kind::Runtime),
        actor.handle(Kind::Queue),
        actor.random.next(),
    );
    let document = actor.random.pick(&options::client(actor.server)).clone().into_bytes();
    let options = Data::new(&mut actor.random, document);
    // SAFETY: the data outlives the call.
    actor.failing(|error| unsafe {
        temporal_core_client_connect(runtime, queue, token, options.data(), options.length(), error)
    })
}

fn client_update_metadata(actor: &mut Actor) -> Status {
    let client = actor.handle(Kind::Client);
    let options = chosen(actor, options::METADATA);
    // SAFETY: the data outlives the call.
    actor.failing(|error| unsafe {
        temporal_core_client_update_metadata(client, options.data(), options.length(), error)
    })
}

fn client_update_api_key(actor: &mut Actor) -> Status {
    let client = actor.handle(Kind::Client);
    let key = chosen(actor, &["", "key", "clé"]);
    // SAFETY: the data outlives the call.
    actor.failing(|error| unsafe { temporal_core_client_update_api_key(client, key.data(), key.length(), error) })
}

fn client_rpc(actor: &mut Actor) -> Status {
    let (client, queue, token) = (
        actor.handle(Kind::Client),
        actor.handle(Kind::Queue),
        actor.random.next(),
    );
    let cancellation = actor.optional_handle(Kind::Cancellation);
    let task_queue = format!("random-{}", actor.random.below(3));
    let workflow_id = format!("random-{}", actor.random.below(50));
    let describe = DescribeWorkflowExecutionRequest {
        namespace: protos::NAMESPACE.into(),
        execution: Some(WorkflowExecution {
            workflow_id: workflow_id.clone(),
            run_id: String::new(),
        }),
    };
    let (name, request) = match actor.random.below(4) {
        0 => ("GetSystemInfo", GetSystemInfoRequest::default().encode_to_vec()),
        1 => ("DescribeWorkflowExecution", describe.encode_to_vec()),
        2 => ("NoSuchCall", Vec::new()),
        _ => (
            "StartWorkflowExecution",
            protos::start_request(&task_queue, &workflow_id).encode_to_vec(),
        ),
    };
    let service = if actor.random.percent(80) {
        1
    } else {
        actor.random.below(8) as u32
    };
    let rpc = Data::new(&mut actor.random, name.into());
    let request = Data::new(&mut actor.random, request);
    let options = chosen(actor, options::CALL);
    // SAFETY: the data outlives the call.
    actor.failing(|error| unsafe {
        temporal_core_client_rpc(
            client,
            queue,
            token,
            service,
            rpc.data(),
            rpc.length(),
            request.data(),
            request.length(),
            options.data(),
            options.length(),
            cancellation,
            error,
        )
    })
}

fn queue_new(actor: &mut Actor) -> Status {
    let (mut handle, mut descriptor) = (0, -1);
    let place = if actor.random.percent(50) {
        ptr::null_mut()
    } else {
        &raw mut descriptor
    };
    // SAFETY: NULL or locals.
    let status = unsafe { temporal_core_queue_new(actor.out(&mut handle), place) };
    if descriptor >= 0 {
        // SAFETY: it was just given to this host.
        let bell = unsafe { OwnedFd::from_raw_fd(descriptor) };
        // Those that are not kept are closed while the queue lives.
        if actor.random.percent(50) {
            actor.bells.push(bell);
        }
        if actor.bells.len() > 50 {
            actor.bells.remove(0);
        }
    }
    kept(actor, Kind::Queue, handle, status)
}

fn drain(actor: &mut Actor) -> Status {
    let queue = actor.handle(Kind::Queue);
    actor.drain(queue)
}

fn queue_take(actor: &mut Actor) -> Status {
    let mut handle = 0;
    let (queue, index) = (actor.handle(Kind::Queue), actor.random.below(34));
    // SAFETY: NULL or a local.
    let status = unsafe { temporal_core_queue_take(queue, index, actor.out(&mut handle)) };
    kept(actor, Kind::Bytes, handle, status)
}

fn queue_wait(actor: &mut Actor) -> Status {
    let (queue, time) = (
        actor.handle(Kind::Queue),
        actor.random.below(20).saturating_sub(18) as u32,
    );
    temporal_core_queue_wait(queue, time)
}

fn queue_post(actor: &mut Actor) -> Status {
    let (queue, token, status) = (
        actor.handle(Kind::Queue),
        actor.random.next(),
        actor.random.next() as i32,
    );
    // All bytes of an event are the same, so that whoever drains it can see that it is whole.
    let length = if actor.random.percent(1) {
        100_000
    } else {
        actor.random.below(100)
    };
    let data = vec![actor.random.next() as u8; length];
    let (data, length) = match actor.random.below(20) {
        0 => (ptr::null(), 1),
        1 => (ptr::null(), 0),
        _ => (data.as_ptr(), length),
    };
    // SAFETY: the data outlives the call.
    unsafe { temporal_core_queue_post(queue, token, status, data, length) }
}

fn runtime_new(actor: &mut Actor) -> Status {
    let mut handle = 0;
    let options = chosen(actor, options::RUNTIME);
    let out = actor.out(&mut handle);
    // SAFETY: the data outlives the call, and the place is NULL or a local.
    let status =
        actor.failing(|error| unsafe { temporal_core_runtime_new(options.data(), options.length(), out, error) });
    kept(actor, Kind::Runtime, handle, status)
}

fn runtime_forward_logs(actor: &mut Actor) -> Status {
    let (runtime, queue, token) = (
        actor.handle(Kind::Runtime),
        actor.handle(Kind::Queue),
        actor.random.next(),
    );
    // SAFETY: no memory is passed but the place for the error.
    actor.failing(|error| unsafe { temporal_core_runtime_forward_logs(runtime, queue, token, error) })
}

fn replay_worker_new(actor: &mut Actor) -> Status {
    let mut handle = 0;
    let runtime = actor.handle(Kind::Runtime);
    let options = chosen(actor, options::REPLAY);
    let out = actor.out(&mut handle);
    // SAFETY: the data outlives the call, and the place is NULL or a local.
    let status = actor.failing(|error| unsafe {
        temporal_core_replay_worker_new(runtime, options.data(), options.length(), out, error)
    });
    kept(actor, Kind::Worker, handle, status)
}

/// The history of a workflow whose first task is open.
fn history() -> History {
    let attributes = [
        Attributes::WorkflowExecutionStartedEventAttributes(WorkflowExecutionStartedEventAttributes {
            original_execution_run_id: "run".into(),
            workflow_type: Some(WorkflowType { name: "test".into() }),
            task_queue: Some(TaskQueue::default()),
            ..Default::default()
        }),
        Attributes::WorkflowTaskScheduledEventAttributes(WorkflowTaskScheduledEventAttributes {
            task_queue: Some(TaskQueue::default()),
            ..Default::default()
        }),
        Attributes::WorkflowTaskStartedEventAttributes(WorkflowTaskStartedEventAttributes {
            scheduled_event_id: 2,
            ..Default::default()
        }),
    ];
    let events = attributes.into_iter().zip(1..).map(|(attributes, id)| HistoryEvent {
        event_id: id,
        event_type: attributes.event_type() as i32,
        attributes: Some(attributes),
        ..Default::default()
    });
    History {
        events: events.collect(),
    }
}

fn replay_push(actor: &mut Actor) -> Status {
    let worker = actor.handle(Kind::Worker);
    let id = chosen(actor, &["", "workflow"]);
    let history = message(actor, &history());
    // SAFETY: the data outlives the call.
    actor.failing(|error| unsafe {
        temporal_core_replay_push(worker, id.data(), id.length(), history.data(), history.length(), error)
    })
}

fn worker_new(actor: &mut Actor) -> Status {
    let mut handle = 0;
    let client = actor.handle(Kind::Client);
    let controller = actor.unsure_handle(Kind::ResourceController);
    let documents = options::worker(actor.random.below(3), controller);
    let document = actor.random.pick(&documents).clone().into_bytes();
    let options = Data::new(&mut actor.random, document);
    let out = actor.out(&mut handle);
    // SAFETY: the data outlives the call, and the place is NULL or a local.
    let status = actor
        .failing(|error| unsafe { temporal_core_worker_new(client, options.data(), options.length(), out, error) });
    kept(actor, Kind::Worker, handle, status)
}

fn worker_validate(actor: &mut Actor) -> Status {
    let (worker, queue, token) = (
        actor.handle(Kind::Worker),
        actor.handle(Kind::Queue),
        actor.random.next(),
    );
    // SAFETY: no memory is passed but the place for the error.
    actor.failing(|error| unsafe { temporal_core_worker_validate(worker, queue, token, error) })
}

fn worker_start(actor: &mut Actor) -> Status {
    let worker = actor.handle(Kind::Worker);
    let mut queues = [0; 3].map(|_: u64| actor.unsure_handle(Kind::Queue));
    let (activity, nexus) = (actor.unsure_handle(Kind::Queue), actor.unsure_handle(Kind::Queue));
    let (place, count) = match actor.random.below(10) {
        0 => (ptr::null(), 0),
        1 => (ptr::null(), 2),
        2 => (queues.as_ptr(), usize::MAX),
        _ => (queues.as_ptr(), actor.random.below(4)),
    };
    let token = actor.random.next();
    // SAFETY: the array outlives the call, or its count is one that no memory has.
    let status = actor
        .failing(|error| unsafe { temporal_core_worker_start(worker, place, count, activity, nexus, token, error) });
    queues.fill(u64::MAX);
    status
}

type Complete = unsafe extern "C" fn(u64, u64, u64, *const u8, usize, *mut u64) -> Status;

fn complete(actor: &mut Actor, function: Complete, data: Vec<u8>) -> Status {
    let (worker, queue) = (actor.handle(Kind::Worker), actor.handle(Kind::Queue));
    let token = actor.random.next() % 3;
    let data = Data::new(&mut actor.random, data);
    // SAFETY: the data outlives the call.
    actor.failing(|error| unsafe { function(worker, queue, token, data.data(), data.length(), error) })
}

/// The data of a task that came, or nothing.
fn task(actor: &mut Actor) -> Vec<u8> {
    if actor.tasks.is_empty() {
        return Vec::new();
    }
    actor.random.pick(&actor.tasks).1.clone()
}

fn complete_workflow_activation(actor: &mut Actor) -> Status {
    let run_id = WorkflowActivation::decode(&*task(actor)).map_or("run".into(), |activation| activation.run_id);
    let completion = if actor.random.percent(50) {
        protos::no_commands(&run_id)
    } else {
        protos::complete_workflow(&run_id, "x")
    };
    complete(actor, temporal_core_worker_complete_workflow_activation, completion)
}

fn complete_activity_task(actor: &mut Actor) -> Status {
    let completion = ActivityTaskCompletion {
        task_token: ActivityTask::decode(&*task(actor)).map_or(vec![1], |task| task.task_token),
        result: Some(ActivityExecutionResult::ok(protos::payload("x"))),
    };
    complete(
        actor,
        temporal_core_worker_complete_activity_task,
        completion.encode_to_vec(),
    )
}

fn complete_nexus_task(actor: &mut Actor) -> Status {
    let completion = NexusTaskCompletion {
        task_token: actor.random.bytes(),
        ..Default::default()
    };
    complete(
        actor,
        temporal_core_worker_complete_nexus_task,
        completion.encode_to_vec(),
    )
}

fn record_activity_heartbeat(actor: &mut Actor) -> Status {
    let worker = actor.handle(Kind::Worker);
    let heartbeat = ActivityHeartbeat {
        task_token: ActivityTask::decode(&*task(actor)).map_or(vec![1], |task| task.task_token),
        details: vec![protos::payload("x")],
    };
    let data = message(actor, &heartbeat);
    // SAFETY: the data outlives the call.
    actor.failing(|error| unsafe {
        temporal_core_worker_record_activity_heartbeat(worker, data.data(), data.length(), error)
    })
}

fn request_workflow_eviction(actor: &mut Actor) -> Status {
    let worker = actor.handle(Kind::Worker);
    let run_id = WorkflowActivation::decode(&*task(actor)).map_or("run".into(), |activation| activation.run_id);
    let data = Data::new(&mut actor.random, run_id.into_bytes());
    // SAFETY: the data outlives the call.
    actor.failing(|error| unsafe {
        temporal_core_worker_request_workflow_eviction(worker, data.data(), data.length(), error)
    })
}

fn worker_replace_client(actor: &mut Actor) -> Status {
    let (worker, client) = (actor.handle(Kind::Worker), actor.handle(Kind::Client));
    // SAFETY: no memory is passed but the place for the error.
    actor.failing(|error| unsafe { temporal_core_worker_replace_client(worker, client, error) })
}

fn replace_workflow_queue(actor: &mut Actor) -> Status {
    let (worker, queue) = (actor.handle(Kind::Worker), actor.handle(Kind::Queue));
    let index = actor.random.below(3) as u32;
    let reason = Data::new(&mut actor.random, b"its thread has ended".to_vec());
    // SAFETY: the data outlives the call.
    actor.failing(|error| unsafe {
        temporal_core_worker_replace_workflow_queue(worker, index, queue, reason.data(), reason.length(), error)
    })
}

fn worker_finalize_shutdown(actor: &mut Actor) -> Status {
    let (worker, queue, token) = (
        actor.handle(Kind::Worker),
        actor.handle(Kind::Queue),
        actor.random.next(),
    );
    // SAFETY: no memory is passed but the place for the error.
    actor.failing(|error| unsafe { temporal_core_worker_finalize_shutdown(worker, queue, token, error) })
}

fn worker_supply_slots(actor: &mut Actor) -> Status {
    let (worker, queue, token) = (
        actor.handle(Kind::Worker),
        actor.handle(Kind::Queue),
        actor.random.next(),
    );
    // SAFETY: no memory is passed but the place for the error.
    actor.failing(|error| unsafe { temporal_core_worker_supply_slots(worker, queue, token, error) })
}

fn worker_grant_slot(actor: &mut Actor) -> Status {
    let worker = actor.handle(Kind::Worker);
    let reservation = match actor.reservations.last() {
        Some(reservation) if actor.random.percent(90) => *reservation,
        _ => actor.random.next(),
    };
    // SAFETY: no memory is passed but the place for the error.
    let status = actor.failing(|error| unsafe { temporal_core_worker_grant_slot(worker, reservation, error) });
    if status == Status::Ok {
        actor.reservations.retain(|other| *other != reservation);
    }
    status
}
