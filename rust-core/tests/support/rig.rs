//! A worker of a test, with what it needs.

use std::time::Duration;
use temporal_bun_core::{client, event::EventKind, status::Status, worker::exports as worker};
use temporalio_common::protos::coresdk::workflow_commands::{ActivityCancellationType, ScheduleActivity};

use super::{
    Event, Host,
    protos::{self, NAMESPACE, activation, unique},
    server, token,
};

/// The options of a worker.
pub fn options(task_queue: &str, rest: &str) -> String {
    format!(r#"{{"namespace":"{NAMESPACE}","taskQueue":"{task_queue}"{rest}}}"#)
}

/// To be added to the options.
pub const WORKFLOWS_ONLY: &str = r#","taskTypes":{"workflows":true}"#;

/// A started worker for workflows only.
pub struct Rig {
    pub host: Host,
    pub client: u64,
    pub worker: u64,
    pub task_queue: String,
}

impl Rig {
    pub fn new(rest: &str) -> Self {
        let mut host = Host::new();
        let client = host.connect(server::address());
        let task_queue = unique("queue");
        let worker = host.worker(client, &options(&task_queue, rest));
        host.start(worker);
        Self {
            host,
            client,
            worker,
            task_queue,
        }
    }

    /// Starts a workflow and waits for its first activation; workflow id and run id.
    pub fn activated(&mut self) -> (String, String) {
        let id = unique("workflow");
        let run_id = protos::start_workflow(&mut self.host, self.client, &self.task_queue, &id);
        let event = self.next_activation();
        assert_eq!(activation(&event.data).run_id, run_id);
        (id, run_id)
    }

    #[track_caller]
    pub fn next_activation(&mut self) -> Event {
        self.host.queue.of_kind(EventKind::WorkflowActivation)
    }

    /// Completes an activation and waits for the outcome.
    #[track_caller]
    pub fn complete(&mut self, data: &[u8]) -> Event {
        let token = token();
        self.host.complete_activation(self.worker, token, data).unwrap();
        let event = self.host.queue.with_token(token);
        assert!(event.is(EventKind::Completion));
        event
    }

    /// Shuts the worker down, answering evictions, and frees everything.
    pub fn close(mut self) {
        let finalized = self.host.start_finalize(self.worker).unwrap();
        loop {
            let event = self.host.queue.expect("the end of the worker", |event| {
                event.token == finalized || event.is(EventKind::WorkflowActivation)
            });
            if event.token == finalized {
                event.ok();
                break;
            }
            let run_id = activation(&event.data).run_id;
            self.complete(&protos::no_commands(&run_id)).ok();
        }
        assert_eq!(worker::temporal_core_worker_free(self.worker), Status::Ok);
        assert_eq!(client::temporal_core_client_free(self.client), Status::Ok);
        self.host.free();
    }
}

/// The activity that tests schedule.
pub fn activity(task_queue: &str) -> ScheduleActivity {
    ScheduleActivity {
        seq: 1,
        activity_id: "1".into(),
        activity_type: "test".into(),
        task_queue: task_queue.into(),
        start_to_close_timeout: Duration::from_secs(60).try_into().ok(),
        heartbeat_timeout: Duration::from_secs(30).try_into().ok(),
        schedule_to_start_timeout: Duration::from_secs(60).try_into().ok(),
        cancellation_type: ActivityCancellationType::TryCancel as i32,
        ..Default::default()
    }
}
