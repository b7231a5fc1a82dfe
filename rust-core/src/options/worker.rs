//! Options of a worker.

use serde::Deserialize;
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};
use temporalio_common::{
    protos::temporal::api::worker::v1::{PluginInfo, StorageDriverInfo},
    worker::{VersioningBehavior as CoreBehavior, WorkerDeploymentOptions, WorkerDeploymentVersion, WorkerTaskTypes},
};
use temporalio_sdk_core::{PollerBehavior, WorkerConfig, WorkerVersioningStrategy, WorkflowErrorType};

use super::{at_least, invalid, milliseconds, slots::TunerOptions};
use crate::{error::Error, worker::slots::Broker};

const WHAT: &str = "worker options";

defaults!(WorkerOptions: WorkerDefaults {
    max_cached_workflows: u32 = 1000,
    nonsticky_to_sticky_poll_ratio: f32 = 0.2,
    sticky_queue_schedule_to_start_timeout_ms: u64 = 10_000,
    max_heartbeat_throttle_interval_ms: u64 = 60_000,
    default_heartbeat_throttle_interval_ms: u64 = 30_000,
    max_eager_activity_reservations_per_workflow_task: u32 = 3,
    local_timeout_buffer_for_activities_ms: u64 = 5000,
    ignore_evicts_on_shutdown: bool = false,
    fetching_concurrency: u32 = 5,
    skip_client_worker_set_check: bool = false,
    disable_payload_error_limit: bool = false,
});

/// Options of a worker.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct WorkerOptions {
    /// The namespace to work for.
    namespace: String,
    /// The task queue to poll.
    task_queue: String,
    /// What histories call this worker. Default: the identity of the client.
    identity: Option<String>,
    /// What to poll for. Default: everything.
    task_types: Option<TaskTypes>,
    /// How many workflows stay in memory between their tasks. 0 turns the sticky queue off. Default 1000.
    max_cached_workflows: Option<u32>,
    /// How many tasks of each kind may be in work at a time.
    tuner: Option<TunerOptions>,
    /// How workflow tasks are polled for. Default: autoscaling where the namespace asks for it, else 5 polls.
    workflow_task_pollers: Option<Pollers>,
    /// How activities are polled for. Default: as above.
    activity_task_pollers: Option<Pollers>,
    /// How Nexus tasks are polled for. Default: as above.
    nexus_task_pollers: Option<Pollers>,
    /// Share of the `simple` workflow polls that go to the shared queue instead of the sticky one, 0 to 1. Default 0.2.
    nonsticky_to_sticky_poll_ratio: Option<f32>,
    /// How long a task may wait on the sticky queue before any worker may take it. Default 10000.
    sticky_queue_schedule_to_start_timeout_ms: Option<u64>,
    /// Longest time between two heartbeats that are really sent. Default 60000.
    max_heartbeat_throttle_interval_ms: Option<u64>,
    /// Time between two heartbeats that are really sent when an activity has no heartbeat timeout. Default 30000.
    default_heartbeat_throttle_interval_ms: Option<u64>,
    /// Activities per second that the server gives out on this task queue, to all its workers. Default: no limit.
    max_task_queue_activities_per_second: Option<f64>,
    /// Activities per second that this worker takes. Default: no limit.
    max_worker_activities_per_second: Option<f64>,
    /// Activities that one workflow task may start on this worker without a poll. 0 turns it off. Default 3.
    max_eager_activity_reservations_per_workflow_task: Option<u32>,
    /// How long activities and Nexus operations may go on after shutdown began, before they are cancelled.
    /// Absent: they are never cancelled by the shutdown.
    graceful_shutdown_period_ms: Option<u64>,
    /// How much later than the server local timers end an activity that timed out. Default 5000.
    local_timeout_buffer_for_activities_ms: Option<u64>,
    /// Whether shutdown is done while cached workflows have not been evicted yet. Default false.
    ignore_evicts_on_shutdown: Option<bool>,
    /// How many pages of histories are fetched at a time. Default 5.
    fetching_concurrency: Option<u32>,
    /// Errors that fail the workflow, instead of the task that is then tried again.
    workflow_failure_errors: Option<Vec<WorkflowFailureError>>,
    /// The same for single workflow types.
    workflow_types_to_failure_errors: Option<HashMap<String, Vec<WorkflowFailureError>>>,
    /// How tasks find workers with the right code. Default: any worker takes any task.
    versioning: Option<Versioning>,
    /// Plugins in use, for the server's list of workers.
    plugins: Option<Vec<Plugin>>,
    /// Types of external storage in use, for the server's list of workers.
    storage_drivers: Option<Vec<String>>,
    /// Allows a second worker with the same client, namespace and task queue. Default false.
    skip_client_worker_set_check: Option<bool>,
    /// Sends payloads above the namespace's limit, to be refused by the server, instead of failing the task here.
    /// Default false.
    disable_payload_error_limit: Option<bool>,
}

/// Kinds of tasks. Those that are absent are not polled for.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct TaskTypes {
    /// Workflow tasks.
    workflows: Option<bool>,
    /// Activities that the workflows of this worker run without the server. Needs `workflows`.
    local_activities: Option<bool>,
    /// Activities.
    remote_activities: Option<bool>,
    /// Nexus tasks.
    nexus: Option<bool>,
}

/// How many polls are open at a time.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Pollers {
    /// As many as there are free slots, up to a maximum.
    Simple {
        /// At least 1; 2 for workflow tasks of a worker that caches workflows.
        maximum: u32,
    },
    /// As many as the server says.
    Autoscaling {
        /// At least 1.
        minimum: u32,
        /// At least `minimum`.
        maximum: u32,
        /// Between the two.
        initial: u32,
    },
}

/// An error of the workflow code or the SDK.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum WorkflowFailureError {
    /// The workflow did something other than its history says.
    Nondeterminism,
}

/// How tasks find workers with the right code.
#[derive(Debug, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub enum Versioning {
    /// Any worker takes any task.
    None {
        /// Names the code in histories, without an effect.
        build_id: Option<String>,
    },
    /// The older, build-id-based versioning.
    BuildId {
        /// Not empty.
        build_id: String,
    },
    /// Worker deployments.
    Deployment {
        /// Not empty when `useWorkerVersioning` is set.
        deployment_name: String,
        /// Not empty when `useWorkerVersioning` is set.
        build_id: String,
        /// Takes only tasks of workflows that this version may run. Else the version is only recorded.
        use_worker_versioning: bool,
        /// For workflow types that do not say themselves. Only with `useWorkerVersioning`.
        default_versioning_behavior: Option<VersioningBehavior>,
    },
}

/// What happens to a running workflow when a new version is deployed.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum VersioningBehavior {
    /// It stays with its version.
    Pinned,
    /// It moves to the new version.
    AutoUpgrade,
}

/// A plugin.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct Plugin {
    name: String,
    version: Option<String>,
}

impl WorkerOptions {
    /// Reads and checks the document of a worker. The broker is there when the host supplies slots.
    pub fn parse(document: &[u8]) -> Result<(WorkerConfig, Option<Arc<Broker>>), Error> {
        super::parse::<Self>(document, WHAT)?.into_core()
    }

    fn into_core(self) -> Result<(WorkerConfig, Option<Arc<Broker>>), Error> {
        let defaults = Self::DEFAULTS;
        let at = |field: &str| format!("{WHAT}, {field}");
        for (field, value) in [("namespace", &self.namespace), ("taskQueue", &self.task_queue)] {
            if value.is_empty() {
                return Err(invalid(&at(field), "is empty"));
            }
        }
        let task_types = match self.task_types {
            Some(types) => types.into_core(&at("taskTypes"))?,
            None => WorkerTaskTypes::all(),
        };
        let cached = self.max_cached_workflows.unwrap_or(defaults.max_cached_workflows) as usize;
        let ratio = self
            .nonsticky_to_sticky_poll_ratio
            .unwrap_or(defaults.nonsticky_to_sticky_poll_ratio);
        if !(0.0..=1.0).contains(&ratio) {
            return Err(invalid(
                &at("nonstickyToStickyPollRatio"),
                &format!("{ratio} is not between 0 and 1"),
            ));
        }
        for (field, rate) in [
            (
                "maxTaskQueueActivitiesPerSecond",
                self.max_task_queue_activities_per_second,
            ),
            ("maxWorkerActivitiesPerSecond", self.max_worker_activities_per_second),
        ] {
            if rate.is_some_and(|rate| !rate.is_normal() || rate < 0.0) {
                return Err(invalid(&at(field), "must be above 0; leave it out for no limit"));
            }
        }
        let least_workflow_polls = if cached > 0 { 2 } else { 1 };
        let (tuner, broker) = self.tuner.unwrap_or_default().into_core(&at("tuner"), cached > 0)?;
        let config = WorkerConfig::builder()
            .namespace(self.namespace)
            .task_queue(self.task_queue)
            .maybe_client_identity_override(self.identity.filter(|identity| !identity.is_empty()))
            .task_types(task_types)
            .max_cached_workflows(cached)
            .tuner(Arc::new(tuner))
            .maybe_workflow_task_poller_behavior(pollers(
                self.workflow_task_pollers,
                &at("workflowTaskPollers"),
                least_workflow_polls,
            )?)
            .maybe_activity_task_poller_behavior(pollers(self.activity_task_pollers, &at("activityTaskPollers"), 1)?)
            .maybe_nexus_task_poller_behavior(pollers(self.nexus_task_pollers, &at("nexusTaskPollers"), 1)?)
            .nonsticky_to_sticky_poll_ratio(ratio)
            .sticky_queue_schedule_to_start_timeout(milliseconds(
                self.sticky_queue_schedule_to_start_timeout_ms,
                defaults.sticky_queue_schedule_to_start_timeout_ms,
            ))
            .max_heartbeat_throttle_interval(milliseconds(
                self.max_heartbeat_throttle_interval_ms,
                defaults.max_heartbeat_throttle_interval_ms,
            ))
            .default_heartbeat_throttle_interval(milliseconds(
                self.default_heartbeat_throttle_interval_ms,
                defaults.default_heartbeat_throttle_interval_ms,
            ))
            .maybe_max_task_queue_activities_per_second(self.max_task_queue_activities_per_second)
            .maybe_max_worker_activities_per_second(self.max_worker_activities_per_second)
            .max_eager_activity_reservations_per_workflow_task(
                self.max_eager_activity_reservations_per_workflow_task
                    .unwrap_or(defaults.max_eager_activity_reservations_per_workflow_task) as usize,
            )
            .ignore_evicts_on_shutdown(
                self.ignore_evicts_on_shutdown
                    .unwrap_or(defaults.ignore_evicts_on_shutdown),
            )
            .fetching_concurrency(at_least(
                &at("fetchingConcurrency"),
                self.fetching_concurrency
                    .unwrap_or(defaults.fetching_concurrency)
                    .into(),
                1,
            )? as usize)
            .maybe_graceful_shutdown_period(self.graceful_shutdown_period_ms.map(Duration::from_millis))
            .local_timeout_buffer_for_activities(milliseconds(
                self.local_timeout_buffer_for_activities_ms,
                defaults.local_timeout_buffer_for_activities_ms,
            ))
            .workflow_failure_errors(failure_errors(self.workflow_failure_errors.unwrap_or_default()))
            .workflow_types_to_failure_errors(
                self.workflow_types_to_failure_errors
                    .unwrap_or_default()
                    .into_iter()
                    .map(|(name, errors)| (name, failure_errors(errors)))
                    .collect::<HashMap<_, _>>(),
            )
            .versioning_strategy(match self.versioning {
                Some(versioning) => versioning.into_core(&at("versioning"))?,
                None => WorkerVersioningStrategy::default(),
            })
            .plugins(
                self.plugins
                    .unwrap_or_default()
                    .into_iter()
                    .map(Plugin::into_core)
                    .collect::<HashSet<_>>(),
            )
            .storage_drivers(
                self.storage_drivers
                    .unwrap_or_default()
                    .into_iter()
                    .map(|r#type| StorageDriverInfo { r#type })
                    .collect::<HashSet<_>>(),
            )
            .skip_client_worker_set_check(
                self.skip_client_worker_set_check
                    .unwrap_or(defaults.skip_client_worker_set_check),
            )
            .disable_payload_error_limit(
                self.disable_payload_error_limit
                    .unwrap_or(defaults.disable_payload_error_limit),
            )
            .build()
            .map_err(|error| invalid(WHAT, &error))?;
        Ok((config, broker))
    }
}

impl TaskTypes {
    fn into_core(self, path: &str) -> Result<WorkerTaskTypes, Error> {
        let types = WorkerTaskTypes {
            enable_workflows: self.workflows.unwrap_or(false),
            enable_local_activities: self.local_activities.unwrap_or(false),
            enable_remote_activities: self.remote_activities.unwrap_or(false),
            enable_nexus: self.nexus.unwrap_or(false),
        };
        if types.is_empty() {
            return Err(invalid(
                path,
                "nothing is true, so there would be nothing to poll for; set one of workflows, remoteActivities, nexus",
            ));
        }
        if types.enable_local_activities && !types.enable_workflows {
            return Err(invalid(
                path,
                "localActivities needs workflows, since only workflows start them",
            ));
        }
        Ok(types)
    }
}

fn pollers(pollers: Option<Pollers>, path: &str, least: u64) -> Result<Option<PollerBehavior>, Error> {
    let Some(pollers) = pollers else { return Ok(None) };
    Ok(Some(match pollers {
        Pollers::Simple { maximum } => {
            PollerBehavior::SimpleMaximum(at_least(&format!("{path}.maximum"), maximum.into(), least)? as usize)
        }
        Pollers::Autoscaling {
            minimum,
            maximum,
            initial,
        } => {
            at_least(&format!("{path}.minimum"), minimum.into(), 1)?;
            at_least(&format!("{path}.maximum"), maximum.into(), minimum.into())?;
            if initial < minimum || initial > maximum {
                return Err(invalid(
                    &format!("{path}.initial"),
                    &format!("{initial} is not between minimum ({minimum}) and maximum ({maximum})"),
                ));
            }
            PollerBehavior::Autoscaling {
                minimum: minimum as usize,
                maximum: maximum as usize,
                initial: initial as usize,
            }
        }
    }))
}

fn failure_errors(errors: Vec<WorkflowFailureError>) -> HashSet<WorkflowErrorType> {
    errors
        .into_iter()
        .map(|error| match error {
            WorkflowFailureError::Nondeterminism => WorkflowErrorType::Nondeterminism,
        })
        .collect()
}

impl Versioning {
    fn into_core(self, path: &str) -> Result<WorkerVersioningStrategy, Error> {
        match self {
            Versioning::None { build_id } => Ok(WorkerVersioningStrategy::None {
                build_id: build_id.unwrap_or_default(),
            }),
            Versioning::BuildId { build_id } => {
                if build_id.is_empty() {
                    return Err(invalid(&format!("{path}.buildId"), "is empty"));
                }
                Ok(WorkerVersioningStrategy::LegacyBuildIdBased { build_id })
            }
            Versioning::Deployment {
                deployment_name,
                build_id,
                use_worker_versioning,
                default_versioning_behavior,
            } => {
                for (field, value) in [("deploymentName", &deployment_name), ("buildId", &build_id)] {
                    if use_worker_versioning && value.is_empty() {
                        return Err(invalid(
                            &format!("{path}.{field}"),
                            "is empty, which useWorkerVersioning does not allow",
                        ));
                    }
                }
                if !use_worker_versioning && default_versioning_behavior.is_some() {
                    return Err(invalid(
                        &format!("{path}.defaultVersioningBehavior"),
                        "has no meaning without useWorkerVersioning",
                    ));
                }
                let version = WorkerDeploymentVersion::builder()
                    .deployment_name(deployment_name)
                    .build_id(build_id)
                    .build();
                Ok(WorkerVersioningStrategy::WorkerDeploymentBased(
                    WorkerDeploymentOptions::new(version)
                        .use_worker_versioning(use_worker_versioning)
                        .maybe_default_versioning_behavior(default_versioning_behavior.map(|behavior| match behavior {
                            VersioningBehavior::Pinned => CoreBehavior::Pinned,
                            VersioningBehavior::AutoUpgrade => CoreBehavior::AutoUpgrade,
                        }))
                        .build(),
                ))
            }
        }
    }
}

impl Plugin {
    fn into_core(self) -> PluginInfo {
        PluginInfo {
            name: self.name,
            version: self.version.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use temporalio_sdk_core::ResourceController;

    use super::*;
    use crate::{options::slots::ResourceTargets, resource_controller, status::Status};

    fn config(rest: &str) -> Result<WorkerConfig, Error> {
        WorkerOptions::parse(format!(r#"{{"namespace":"n","taskQueue":"q"{rest}}}"#).as_bytes())
            .map(|(config, _)| config)
    }

    #[test]
    fn defaults() {
        let config = config("").unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(config.max_cached_workflows, 1000);
        assert_eq!(config.task_types, WorkerTaskTypes::all());
        assert_eq!(config.sticky_queue_schedule_to_start_timeout, Duration::from_secs(10));
        assert!(config.graceful_shutdown_period.is_none() && config.workflow_task_poller_behavior.is_none());
    }

    #[test]
    fn every_field_reaches_core() {
        let config = config(
            r#","identity":"me","taskTypes":{"workflows":true,"localActivities":true},"maxCachedWorkflows":7,
            "tuner":{"workflowTasks":{"type":"fixed","slots":3},
              "activities":{"type":"resourceBased","minimumSlots":2,"maximumSlots":9,"rampThrottleMs":1},
              "resources":{"targetMemoryUsage":0.8,"targetCpuUsage":0.9,"cpuPGain":4}},
            "workflowTaskPollers":{"type":"autoscaling","minimum":1,"maximum":8,"initial":2},
            "activityTaskPollers":{"type":"simple","maximum":4},"nexusTaskPollers":{"type":"simple","maximum":1},
            "nonstickyToStickyPollRatio":0.5,"stickyQueueScheduleToStartTimeoutMs":1,"maxHeartbeatThrottleIntervalMs":2,
            "defaultHeartbeatThrottleIntervalMs":3,"maxTaskQueueActivitiesPerSecond":4.5,"maxWorkerActivitiesPerSecond":5.5,
            "maxEagerActivityReservationsPerWorkflowTask":0,"gracefulShutdownPeriodMs":6,"localTimeoutBufferForActivitiesMs":7,
            "ignoreEvictsOnShutdown":true,"fetchingConcurrency":8,"workflowFailureErrors":["nondeterminism"],
            "workflowTypesToFailureErrors":{"a":["nondeterminism"],"b":[]},
            "versioning":{"type":"deployment","deploymentName":"d","buildId":"b","useWorkerVersioning":true,"defaultVersioningBehavior":"pinned"},
            "plugins":[{"name":"p","version":"1"},{"name":"q"}],"storageDrivers":["s3"],
            "skipClientWorkerSetCheck":true,"disablePayloadErrorLimit":true"#,
        )
        .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(config.client_identity_override.as_deref(), Some("me"));
        assert!(config.task_types.enable_local_activities && !config.task_types.enable_remote_activities);
        assert_eq!(config.max_cached_workflows, 7);
        assert_eq!(
            config.workflow_task_poller_behavior,
            Some(PollerBehavior::Autoscaling {
                minimum: 1,
                maximum: 8,
                initial: 2
            })
        );
        assert_eq!(
            config.activity_task_poller_behavior,
            Some(PollerBehavior::SimpleMaximum(4))
        );
        assert_eq!(
            config.nexus_task_poller_behavior,
            Some(PollerBehavior::SimpleMaximum(1))
        );
        assert_eq!(config.nonsticky_to_sticky_poll_ratio, 0.5);
        assert_eq!(config.sticky_queue_schedule_to_start_timeout, Duration::from_millis(1));
        assert_eq!(config.max_heartbeat_throttle_interval, Duration::from_millis(2));
        assert_eq!(config.default_heartbeat_throttle_interval, Duration::from_millis(3));
        assert_eq!(config.max_task_queue_activities_per_second, Some(4.5));
        assert_eq!(config.max_worker_activities_per_second, Some(5.5));
        assert_eq!(config.max_eager_activity_reservations_per_workflow_task, 0);
        assert_eq!(config.graceful_shutdown_period, Some(Duration::from_millis(6)));
        assert_eq!(config.local_timeout_buffer_for_activities, Duration::from_millis(7));
        assert!(
            config.ignore_evicts_on_shutdown
                && config.skip_client_worker_set_check
                && config.disable_payload_error_limit
        );
        assert_eq!(config.fetching_concurrency, 8);
        assert!(
            config
                .workflow_failure_errors
                .contains(&WorkflowErrorType::Nondeterminism)
        );
        assert!(config.should_fail_workflow("a", &WorkflowErrorType::Nondeterminism));
        assert!(config.workflow_types_to_failure_errors["b"].is_empty());
        assert_eq!(config.versioning_strategy.build_id(), "b");
        assert_eq!((config.plugins.len(), config.storage_drivers.len()), (2, 1));
    }

    #[test]
    fn what_cannot_work_is_refused_with_its_path() {
        for (rest, path) in [
            (r#","taskTypes":{}"#, "taskTypes"),
            (r#","taskTypes":{"localActivities":true}"#, "taskTypes"),
            (
                r#","tuner":{"workflowTasks":{"type":"fixed","slots":1}}"#,
                "tuner.workflowTasks.slots",
            ),
            (
                r#","tuner":{"activities":{"type":"resourceBased"}}"#,
                "tuner.activities",
            ),
            (
                r#","tuner":{"activities":{"type":"fixed","slots":1,"size":2}}"#,
                "tuner.activities",
            ),
            (
                r#","tuner":{"resources":{"targetMemoryUsage":8,"targetCpuUsage":0.5}}"#,
                "tuner.resources.targetMemoryUsage",
            ),
            (
                r#","tuner":{"resources":{"targetMemoryUsage":0.5,"targetCpuUsage":0.5},"resourceController":1}"#,
                "tuner.resourceController",
            ),
            (
                r#","workflowTaskPollers":{"type":"simple","maximum":1}"#,
                "workflowTaskPollers.maximum",
            ),
            (
                r#","activityTaskPollers":{"type":"autoscaling","minimum":2,"maximum":3,"initial":9}"#,
                "activityTaskPollers.initial",
            ),
            (r#","maxWorkerActivitiesPerSecond":0"#, "maxWorkerActivitiesPerSecond"),
            (r#","versioning":{"type":"buildId","buildId":""}"#, "versioning.buildId"),
            (r#","workflowFailureErrors":["timeout"]"#, "workflowFailureErrors[0]"),
            (
                r#","stickyQueueScheduleToStartTimeoutMs":1.5"#,
                "stickyQueueScheduleToStartTimeoutMs",
            ),
        ] {
            let error = config(rest).err().unwrap_or_else(|| panic!("{rest} was taken"));
            assert!(
                error.message.starts_with(&format!("worker options, {path}: ")),
                "{rest}: {error}"
            );
        }
        assert!(WorkerOptions::parse(br#"{"namespace":"","taskQueue":"q"}"#).is_err());
    }

    #[test]
    fn workers_may_share_a_resource_controller() {
        let targets = ResourceTargets::parse(br#"{"targetMemoryUsage":0.5,"targetCpuUsage":0.5}"#).unwrap();
        let controller = Arc::new(ResourceController::new(targets));
        let handle = resource_controller::TABLE.insert(Arc::clone(&controller));
        let rest = format!(r#","tuner":{{"activities":{{"type":"resourceBased"}},"resourceController":{handle}}}"#);
        let uses_of_none = Arc::strong_count(&controller);
        let first = config(&rest).unwrap();
        let uses_of_one = Arc::strong_count(&controller);
        let second = config(&rest).unwrap();
        assert!(uses_of_none < uses_of_one && uses_of_one < Arc::strong_count(&controller));
        assert_eq!(
            resource_controller::temporal_core_resource_controller_free(handle),
            Status::Ok
        );
        assert_eq!(
            config(&rest).err().map(|error| error.status),
            Some(Status::InvalidHandle)
        );
        drop((first, second));
        assert_eq!(Arc::strong_count(&controller), 1);
        let error = ResourceTargets::parse(br#"{"targetMemoryUsage":0.5,"targetCpuUsage":-1}"#).unwrap_err();
        assert_eq!(
            error.message,
            "resource controller options, targetCpuUsage: -1 is not a share between 0 and 1"
        );
    }

    #[test]
    fn a_broker_is_there_when_the_host_supplies_slots() {
        let broker = |rest: &str| {
            let document = format!(r#"{{"namespace":"n","taskQueue":"q"{rest}}}"#);
            let parsed = WorkerOptions::parse(document.as_bytes());
            parsed.unwrap_or_else(|error| panic!("{error}")).1
        };
        assert!(broker(r#","tuner":{"nexusTasks":{"type":"host"}}"#).is_some());
        assert!(broker(r#","tuner":{"nexusTasks":{"type":"fixed","slots":1}}"#).is_none());
    }

    #[test]
    fn one_workflow_slot_is_enough_without_a_cache() {
        let rest = r#","maxCachedWorkflows":0,"tuner":{"workflowTasks":{"type":"fixed","slots":1}},"workflowTaskPollers":{"type":"simple","maximum":1}"#;
        assert!(config(rest).is_ok());
    }
}
