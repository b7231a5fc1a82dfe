//! Messages that tests send and expect.

use prost::Message;
use std::time::Duration;
use temporalio_common::protos::{
    coresdk::{
        workflow_activation::WorkflowActivation,
        workflow_commands::{
            CompleteWorkflowExecution, QueryResult, ScheduleActivity, ScheduleLocalActivity, ScheduleNexusOperation,
            StartTimer, query_result, workflow_command::Variant,
        },
        workflow_completion::WorkflowActivationCompletion,
    },
    temporal::api::{
        common::v1::{Payload, WorkflowExecution, WorkflowType},
        enums::v1::HistoryEventFilterType,
        failure::v1::Failure,
        history::v1::{History, history_event::Attributes},
        taskqueue::v1::TaskQueue,
        workflowservice::v1::{
            GetWorkflowExecutionHistoryRequest, GetWorkflowExecutionHistoryResponse, StartWorkflowExecutionRequest,
            StartWorkflowExecutionResponse,
        },
    },
};

use super::Host;

pub const NAMESPACE: &str = "default";

/// A name that no other test uses.
pub fn unique(what: &str) -> String {
    format!("{what}-{}-{}", std::process::id(), super::token())
}

pub fn start_request(task_queue: &str, workflow_id: &str) -> StartWorkflowExecutionRequest {
    StartWorkflowExecutionRequest {
        namespace: NAMESPACE.into(),
        workflow_id: workflow_id.into(),
        workflow_type: Some(WorkflowType { name: "test".into() }),
        task_queue: Some(TaskQueue {
            name: task_queue.into(),
            ..Default::default()
        }),
        request_id: unique("request"),
        ..Default::default()
    }
}

/// Starts a workflow; its run id.
pub fn start_workflow(host: &mut Host, client: u64, task_queue: &str, workflow_id: &str) -> String {
    let request = start_request(task_queue, workflow_id);
    let response: StartWorkflowExecutionResponse = host.workflow_rpc(client, "StartWorkflowExecution", &request);
    response.run_id
}

fn history_request(workflow_id: &str) -> GetWorkflowExecutionHistoryRequest {
    GetWorkflowExecutionHistoryRequest {
        namespace: NAMESPACE.into(),
        execution: Some(WorkflowExecution {
            workflow_id: workflow_id.into(),
            run_id: String::new(),
        }),
        ..Default::default()
    }
}

pub fn history(host: &mut Host, client: u64, workflow_id: &str) -> History {
    let response: GetWorkflowExecutionHistoryResponse =
        host.workflow_rpc(client, "GetWorkflowExecutionHistory", &history_request(workflow_id));
    response.history.expect("workflows have histories")
}

/// Why the first failed task of a workflow failed.
pub fn task_failure(host: &mut Host, client: u64, workflow_id: &str) -> Failure {
    let events = history(host, client, workflow_id).events;
    let failure = events.into_iter().find_map(|event| match event.attributes {
        Some(Attributes::WorkflowTaskFailedEventAttributes(failed)) => failed.failure,
        _ => None,
    });
    failure.expect("a task has failed")
}

/// Waits for a workflow to end; the data of its result.
pub fn result(host: &mut Host, client: u64, workflow_id: &str) -> Vec<u8> {
    let request = GetWorkflowExecutionHistoryRequest {
        wait_new_event: true,
        history_event_filter_type: HistoryEventFilterType::CloseEvent as i32,
        ..history_request(workflow_id)
    };
    let response: GetWorkflowExecutionHistoryResponse =
        host.workflow_rpc(client, "GetWorkflowExecutionHistory", &request);
    let history = response.history.expect("workflows have histories");
    match history.events.last().and_then(|event| event.attributes.clone()) {
        Some(Attributes::WorkflowExecutionCompletedEventAttributes(completed)) => {
            completed.result.expect("it has a result").payloads.remove(0).data
        }
        other => panic!("the workflow did not complete: {other:?}"),
    }
}

pub fn activation(data: &[u8]) -> WorkflowActivation {
    WorkflowActivation::decode(data).expect("the data is an activation")
}

fn completion(run_id: &str, command: Variant) -> Vec<u8> {
    WorkflowActivationCompletion::from_cmd(run_id, command).encode_to_vec()
}

pub fn payload(data: &str) -> Payload {
    Payload {
        metadata: [("encoding".to_owned(), b"binary/plain".to_vec())].into(),
        data: data.into(),
        ..Default::default()
    }
}

/// Completes the workflow.
pub fn complete_workflow(run_id: &str, result: &str) -> Vec<u8> {
    let command = CompleteWorkflowExecution {
        result: Some(payload(result)),
    };
    completion(run_id, command.into())
}

/// Starts an activity.
pub fn schedule_activity(run_id: &str, command: ScheduleActivity) -> Vec<u8> {
    completion(run_id, Variant::ScheduleActivity(command))
}

/// Starts a local activity.
pub fn schedule_local_activity(run_id: &str, command: ScheduleLocalActivity) -> Vec<u8> {
    completion(run_id, Variant::ScheduleLocalActivity(command))
}

/// What Core refuses at the end of its look at every command: the answer to a query of the old kind, and more.
pub fn refused(run_id: &str, timers: u32) -> Vec<u8> {
    let answer = Variant::RespondToQuery(QueryResult {
        query_id: "legacy_query".into(),
        variant: Some(query_result::Variant::Failed(Default::default())),
    });
    let timers = (1..=timers).map(|seq| {
        Variant::StartTimer(StartTimer {
            seq,
            ..Default::default()
        })
    });
    WorkflowActivationCompletion::from_cmds(run_id, timers.chain([answer]).collect()).encode_to_vec()
}

/// Starts a Nexus operation.
pub fn schedule_nexus_operation(run_id: &str, command: ScheduleNexusOperation) -> Vec<u8> {
    completion(run_id, Variant::ScheduleNexusOperation(command))
}

/// Waits for an hour.
pub fn start_timer(run_id: &str) -> Vec<u8> {
    let hour = StartTimer {
        seq: 1,
        start_to_fire_timeout: Duration::from_secs(3600).try_into().ok(),
    };
    completion(run_id, Variant::StartTimer(hour))
}

/// Nothing to do.
pub fn no_commands(run_id: &str) -> Vec<u8> {
    WorkflowActivationCompletion::empty(run_id).encode_to_vec()
}
