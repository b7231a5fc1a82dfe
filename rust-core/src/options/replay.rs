//! Options of a worker that replays histories.

use serde::Deserialize;
use temporalio_common::worker::WorkerTaskTypes;
use temporalio_sdk_core::{WorkerConfig, WorkerVersioningStrategy};

use super::invalid;
use crate::error::Error;

const WHAT: &str = "replay options";

defaults!(ReplayOptions: ReplayDefaults {
    namespace: &'static str = "default",
    task_queue: &'static str = "replay",
    identity: &'static str = "replay",
});

/// Options of a worker that replays histories.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct ReplayOptions {
    /// The namespace that workflows see. Default `default`.
    namespace: Option<String>,
    /// The task queue that workflows see. Default `replay`.
    task_queue: Option<String>,
    /// What logs call this worker. Default `replay`.
    identity: Option<String>,
    /// Names the code that replays, as workflows see it. Default: none.
    build_id: Option<String>,
}

fn text(given: Option<String>, default: &str) -> String {
    given.unwrap_or_else(|| default.to_owned())
}

impl ReplayOptions {
    /// Reads and checks the document of a replay worker.
    pub fn parse(document: &[u8]) -> Result<WorkerConfig, Error> {
        let options: Self = super::parse(document, WHAT)?;
        WorkerConfig::builder()
            .namespace(text(options.namespace, Self::DEFAULTS.namespace))
            .task_queue(text(options.task_queue, Self::DEFAULTS.task_queue))
            .client_identity_override(text(options.identity, Self::DEFAULTS.identity))
            .task_types(WorkerTaskTypes::workflow_only())
            // One at a time, and each is evicted when its history has been replayed.
            .max_cached_workflows(1usize)
            .max_outstanding_workflow_tasks(2usize)
            .versioning_strategy(WorkerVersioningStrategy::None {
                build_id: options.build_id.unwrap_or_default(),
            })
            .build()
            .map_err(|error| invalid(WHAT, &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_has_a_default() {
        let config = ReplayOptions::parse(b"").unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(
            (config.namespace.as_str(), config.task_queue.as_str()),
            ("default", "replay")
        );
        assert!(ReplayOptions::parse(br#"{"maxCachedWorkflows":1}"#).is_err());
    }
}
