//! What the three kinds of tasks have in common, so that polling and completing are written once.

use prost::Message;
use temporalio_common::protos::{
    coresdk::{
        ActivityTaskCompletion,
        activity_result::ActivityExecutionResult,
        activity_task::{ActivityTask, activity_task},
        nexus::{NexusTask, NexusTaskCompletion, nexus_task, nexus_task_completion},
        workflow_activation::WorkflowActivation,
        workflow_completion::WorkflowActivationCompletion,
    },
    temporal::api::{
        failure::v1::{ApplicationFailureInfo, Failure, NexusHandlerFailureInfo, failure::FailureInfo},
        nexus::v1::{request, response, start_operation_response},
    },
};
use temporalio_sdk_core::{PollError, Worker as CoreWorker};

use super::outstanding::{Nature, Outstanding, Tasks};
use crate::{error::Error, event::EventKind};

/// A kind of task that Core gives out and wants completed.
pub trait Task: Message + Sized + 'static {
    /// What the host completes it with.
    type Completion: Message + Default + 'static;
    /// The kind of its events.
    const KIND: EventKind;
    /// What messages call its completion.
    const COMPLETION: &'static str;

    /// Waits for the next one.
    fn poll(core: &CoreWorker) -> impl Future<Output = Result<Self, PollError>> + Send;
    /// What its completion will name it by. None when it is about a task that the host has already.
    fn key(&self) -> Option<Vec<u8>>;
    fn nature(&self) -> Nature {
        Nature::Work
    }
    /// Tasks with the same number go to the same queue.
    fn shard(&self) -> u64;
    /// Notes what the host knows of from now on, besides the task.
    fn given_out(&self, _all: &Outstanding) {}
    /// Those that the host has.
    fn outstanding(all: &Outstanding) -> &Tasks;
    /// The task that a completion is of.
    fn completed(completion: &Self::Completion) -> &[u8];
    /// Refuses a completion with which Core would lose the task.
    fn check(_completion: &Self::Completion, _nature: &Nature) -> Result<(), Error> {
        Ok(())
    }
    /// Hands a completion to Core, and waits until it has been dealt with.
    fn complete(core: &CoreWorker, completion: Self::Completion) -> impl Future<Output = Result<(), Error>> + Send;
    /// Answers a task in the host's place, as failed.
    fn fail(
        core: &CoreWorker,
        key: Vec<u8>,
        nature: Nature,
        reason: Reason,
    ) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Why a task is answered in the host's place.
pub enum Reason {
    /// The host gave it up, so it is done again elsewhere.
    GivenUp,
    /// What the host completed it with can't be used, as this error says.
    Refused(Error),
    /// The thread of the host that had it has ended, for this reason.
    ThreadEnded(String),
}

impl Reason {
    fn failure(self, info: impl FnOnce(&'static str) -> FailureInfo) -> Failure {
        let (message, name) = match self {
            Reason::GivenUp => (
                "the worker was given up before this task was completed".to_owned(),
                "WorkerAbandoned",
            ),
            Reason::Refused(error) => (error.message, "CompletionRefused"),
            Reason::ThreadEnded(reason) => (reason, "WorkflowThreadEnded"),
        };
        Failure {
            message,
            failure_info: Some(info(name)),
            ..Default::default()
        }
    }

    fn application_failure(self) -> Failure {
        self.failure(|name| {
            FailureInfo::ApplicationFailureInfo(ApplicationFailureInfo {
                r#type: name.to_owned(),
                ..Default::default()
            })
        })
    }
}

/// FNV-1a, 64 bits. Of its ID, it is the shard of a run.
pub fn fnv1a64(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// How many characters are kept of the beginning and of the end of what is said of a completion: it may be quoted as a
/// whole.
const QUOTED: usize = 500;

/// A completion that could not be used.
pub fn refused(error: impl std::fmt::Display) -> Error {
    let text = error.to_string();
    if text.len() <= 2 * QUOTED {
        return Error::invalid_argument(text);
    }
    let beginning: String = text.chars().take(QUOTED).collect();
    let mut end: Vec<_> = text.chars().rev().take(QUOTED).collect();
    end.reverse();
    Error::invalid_argument(format!("{beginning} … {}", String::from_iter(end)))
}

impl Task for WorkflowActivation {
    type Completion = WorkflowActivationCompletion;
    const KIND: EventKind = EventKind::WorkflowActivation;
    const COMPLETION: &'static str = "workflow activation completion";

    fn poll(core: &CoreWorker) -> impl Future<Output = Result<Self, PollError>> + Send {
        core.poll_workflow_activation()
    }

    fn key(&self) -> Option<Vec<u8>> {
        Some(self.run_id.as_bytes().to_vec())
    }

    fn nature(&self) -> Nature {
        if self.is_only_eviction() {
            Nature::Eviction
        } else {
            Nature::Work
        }
    }

    fn shard(&self) -> u64 {
        fnv1a64(self.run_id.as_bytes())
    }

    fn given_out(&self, all: &Outstanding) {
        all.runs.note(self.run_id.as_bytes(), &self.nature());
    }

    fn outstanding(all: &Outstanding) -> &Tasks {
        &all.activations
    }

    fn completed(completion: &Self::Completion) -> &[u8] {
        completion.run_id.as_bytes()
    }

    async fn complete(core: &CoreWorker, completion: Self::Completion) -> Result<(), Error> {
        core.complete_workflow_activation(completion).await.map_err(refused)
    }

    /// Fails the workflow task, so that the server gives it out again at once.
    async fn fail(core: &CoreWorker, key: Vec<u8>, nature: Nature, reason: Reason) -> Result<(), Error> {
        let run_id = String::from_utf8(key).unwrap_or_default();
        let completion = match nature {
            Nature::Eviction => WorkflowActivationCompletion::empty(run_id),
            _ => WorkflowActivationCompletion::fail(run_id, reason.application_failure(), None),
        };
        Self::complete(core, completion).await
    }
}

impl Task for ActivityTask {
    type Completion = ActivityTaskCompletion;
    const KIND: EventKind = EventKind::ActivityTask;
    const COMPLETION: &'static str = "activity task completion";

    fn poll(core: &CoreWorker) -> impl Future<Output = Result<Self, PollError>> + Send {
        core.poll_activity_task()
    }

    fn key(&self) -> Option<Vec<u8>> {
        matches!(self.variant, Some(activity_task::Variant::Start(_))).then(|| self.task_token.clone())
    }

    fn nature(&self) -> Nature {
        match &self.variant {
            Some(activity_task::Variant::Start(start)) if start.is_local => Nature::LocalActivity {
                run_id: start.workflow_execution.clone().unwrap_or_default().run_id,
            },
            _ => Nature::Work,
        }
    }

    fn shard(&self) -> u64 {
        0
    }

    fn outstanding(all: &Outstanding) -> &Tasks {
        &all.activities
    }

    fn completed(completion: &Self::Completion) -> &[u8] {
        &completion.task_token
    }

    async fn complete(core: &CoreWorker, completion: Self::Completion) -> Result<(), Error> {
        core.complete_activity_task(completion).await.map_err(refused)
    }

    /// Fails the attempt, so that the activity is tried again as its retry policy says. For a local activity of a host
    /// that gave up, that would be here, again and again, and the run would wait for it; so its run is evicted, and
    /// goes on elsewhere.
    async fn fail(core: &CoreWorker, key: Vec<u8>, nature: Nature, reason: Reason) -> Result<(), Error> {
        if let (Nature::LocalActivity { run_id }, Reason::GivenUp) = (&nature, &reason) {
            core.request_workflow_eviction(run_id);
            return Ok(());
        }
        let completion = ActivityTaskCompletion {
            task_token: key,
            result: Some(ActivityExecutionResult::fail(reason.application_failure())),
        };
        Self::complete(core, completion).await
    }
}

impl Task for NexusTask {
    type Completion = NexusTaskCompletion;
    const KIND: EventKind = EventKind::NexusTask;
    const COMPLETION: &'static str = "Nexus task completion";

    fn poll(core: &CoreWorker) -> impl Future<Output = Result<Self, PollError>> + Send {
        core.poll_nexus_task()
    }

    fn key(&self) -> Option<Vec<u8>> {
        match &self.variant {
            Some(nexus_task::Variant::Task(task)) => Some(task.task_token.clone()),
            _ => None,
        }
    }

    fn nature(&self) -> Nature {
        let request = match &self.variant {
            Some(nexus_task::Variant::Task(task)) => task.request.as_ref(),
            _ => None,
        };
        match request.and_then(|request| request.variant.as_ref()) {
            Some(request::Variant::CancelOperation(_)) => Nature::NexusCancel,
            _ => Nature::Work,
        }
    }

    fn shard(&self) -> u64 {
        0
    }

    fn outstanding(all: &Outstanding) -> &Tasks {
        &all.nexus
    }

    fn completed(completion: &Self::Completion) -> &[u8] {
        &completion.task_token
    }

    /// Core forgets the task before it looks at most of this, and then answers nobody and may never shut down.
    fn check(completion: &Self::Completion, nature: &Nature) -> Result<(), Error> {
        use nexus_task_completion::Status;
        let is_cancel = *nature == Nature::NexusCancel;
        match &completion.status {
            Some(Status::Completed(response)) => match &response.variant {
                Some(response::Variant::StartOperation(_)) if is_cancel => Err(refused(
                    "the request was to cancel an operation, but the response is to its start",
                )),
                Some(response::Variant::CancelOperation(_)) if !is_cancel => Err(refused(
                    "the request was to start an operation, but the response is to its cancellation",
                )),
                Some(response::Variant::StartOperation(response)) => match &response.variant {
                    Some(start_operation_response::Variant::Failure(failure))
                        if !matches!(
                            failure.failure_info,
                            Some(FailureInfo::ApplicationFailureInfo(_) | FailureInfo::CanceledFailureInfo(_))
                        ) =>
                    {
                        Err(refused(
                            "the failure of an operation needs applicationFailureInfo or canceledFailureInfo",
                        ))
                    }
                    _ => Ok(()),
                },
                Some(response::Variant::CancelOperation(_)) => Ok(()),
                None => Err(refused("the response has no variant")),
            },
            Some(Status::Failure(failure))
                if !matches!(failure.failure_info, Some(FailureInfo::NexusHandlerFailureInfo(_))) =>
            {
                Err(refused("the failure of a handler needs nexusHandlerFailureInfo"))
            }
            _ => Ok(()),
        }
    }

    async fn complete(core: &CoreWorker, completion: Self::Completion) -> Result<(), Error> {
        core.complete_nexus_task(completion).await.map_err(refused)
    }

    /// Fails the request as one that may be made again.
    async fn fail(core: &CoreWorker, key: Vec<u8>, _nature: Nature, reason: Reason) -> Result<(), Error> {
        let kind = match reason {
            Reason::GivenUp => "UNAVAILABLE",
            Reason::Refused(_) | Reason::ThreadEnded(_) => "INTERNAL",
        };
        let failure = reason.failure(|_| {
            FailureInfo::NexusHandlerFailureInfo(NexusHandlerFailureInfo {
                r#type: kind.to_owned(),
                ..Default::default()
            })
        });
        let completion = NexusTaskCompletion {
            task_token: key,
            status: Some(nexus_task_completion::Status::Failure(failure)),
        };
        Self::complete(core, completion).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fnv1a64_is_the_published_one() {
        assert_eq!(fnv1a64(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a64(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a64(b"foobar"), 0x85944171f73967e8);
    }

    #[test]
    fn of_a_long_reason_the_beginning_and_the_end_are_kept() {
        assert_eq!(refused("short").message, "short");
        let Error { message, .. } = refused(format!("first {} last", "é".repeat(10_000)));
        assert!(
            message.starts_with("first é") && message.ends_with("é last"),
            "{message}"
        );
        assert!(message.chars().count() < 3 * QUOTED);
    }

    #[test]
    fn a_cancel_is_not_a_task_of_its_own() {
        let cancel = ActivityTask {
            task_token: vec![1],
            variant: Some(activity_task::Variant::Cancel(Default::default())),
        };
        assert!(cancel.key().is_none());
    }
}
