//! How many tasks of each kind a worker may have at a time.

use serde::Deserialize;
use std::{cell::OnceCell, sync::Arc, time::Duration};
use temporalio_sdk_core::{
    ResourceBasedSlotsOptions, ResourceBasedTunerConfig, ResourceSlotOptions, SlotKind, SlotSupplierOptions,
    TunerHolder, TunerHolderOptions,
};

use super::{at_least, invalid};
use crate::{
    error::Error,
    handle::ResourceControllerHandle,
    resource_controller,
    worker::slots::{Broker, HostSupplier},
};

/// What a kind of task has when its supplier is left out, `slots`, or limits of a resource-based one are.
#[derive(Clone, Copy)]
#[cfg_attr(test, derive(serde::Serialize), serde(rename_all = "camelCase"))]
pub struct SlotDefaults {
    pub slots: u32,
    pub minimum_slots: u32,
    pub maximum_slots: u32,
    pub ramp_throttle_ms: u64,
}

const ACTIVITIES: SlotDefaults = SlotDefaults {
    slots: 100,
    minimum_slots: 1,
    maximum_slots: 10_000,
    ramp_throttle_ms: 50,
};

defaults!(TunerOptions: TunerDefaults {
    workflow_tasks: SlotDefaults = SlotDefaults { minimum_slots: 2, ramp_throttle_ms: 0, ..ACTIVITIES },
    activities: SlotDefaults = ACTIVITIES,
    local_activities: SlotDefaults = ACTIVITIES,
    nexus_tasks: SlotDefaults = SlotDefaults { ramp_throttle_ms: 0, ..ACTIVITIES },
});

defaults!(ResourceTargets: ResourceTargetsDefaults {
    memory_p_gain: f64 = 5.0,
    memory_i_gain: f64 = 0.0,
    memory_d_gain: f64 = 1.0,
    memory_output_threshold: f64 = 0.25,
    cpu_p_gain: f64 = 5.0,
    cpu_i_gain: f64 = 0.0,
    cpu_d_gain: f64 = 1.0,
    cpu_output_threshold: f64 = 0.05,
});

/// How many tasks of each kind a worker may have at a time. Kinds that are absent have 100 fixed slots.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct TunerOptions {
    /// Slots for workflow tasks. A worker that caches workflows needs at least 2.
    workflow_tasks: Option<SlotSupplier>,
    /// Slots for activities.
    activities: Option<SlotSupplier>,
    /// Slots for local activities.
    local_activities: Option<SlotSupplier>,
    /// Slots for Nexus tasks.
    nexus_tasks: Option<SlotSupplier>,
    /// What the resource-based suppliers of this worker aim at. Needed when there is one, unless `resourceController`
    /// is given.
    resources: Option<ResourceTargets>,
    /// The handle of a controller that the resource-based suppliers of several workers share; see
    /// `temporal_core_resource_controller_new`.
    resource_controller: Option<ResourceControllerHandle>,
}

/// Where the slots of one kind of task come from.
#[derive(Debug, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub enum SlotSupplier {
    /// Always the same number.
    Fixed {
        /// At least 1.
        slots: u32,
    },
    /// As many as the machine carries.
    ResourceBased {
        /// Slots that are given whatever the load is. Default 2 for workflow tasks, else 1.
        minimum_slots: Option<u32>,
        /// Slots that are never exceeded. Default 10000.
        maximum_slots: Option<u32>,
        /// Shortest time between two slots above the minimum. Default 50 for activities and local activities, else 0.
        ramp_throttle_ms: Option<u64>,
    },
    /// As many as the host grants, one by one: see `temporal_core_worker_supply_slots`. They are not used for eager
    /// starts of workflows and activities.
    Host {},
}

/// Loads that resource-based suppliers aim at, and the gains of the controllers that do it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct ResourceTargets {
    /// Share of the memory that may be in use, 0 to 1.
    target_memory_usage: f64,
    /// Share of the processors that may be in use, 0 to 1.
    target_cpu_usage: f64,
    /// Proportional gain for memory. Default 5.
    memory_p_gain: Option<f64>,
    /// Integral gain for memory. Default 0.
    memory_i_gain: Option<f64>,
    /// Derivative gain for memory. Default 1.
    memory_d_gain: Option<f64>,
    /// Output of the memory controller above which a slot is given. Default 0.25.
    memory_output_threshold: Option<f64>,
    /// Proportional gain for processors. Default 5.
    cpu_p_gain: Option<f64>,
    /// Integral gain for processors. Default 0.
    cpu_i_gain: Option<f64>,
    /// Derivative gain for processors. Default 1.
    cpu_d_gain: Option<f64>,
    /// Output of the processor controller above which a slot is given. Default 0.05.
    cpu_output_threshold: Option<f64>,
}

impl TunerOptions {
    /// Builds the tuner, and the broker when the host supplies slots. `path` is where these options are, for messages.
    pub fn into_core(self, path: &str, caches_workflows: bool) -> Result<(TunerHolder, Option<Arc<Broker>>), Error> {
        let least_workflow_slots = if caches_workflows { 2 } else { 1 };
        let resources = match (self.resources, self.resource_controller) {
            (Some(_), Some(_)) => {
                return Err(invalid(
                    &format!("{path}.resourceController"),
                    "has its own targets, so leave resources out",
                ));
            }
            (Some(targets), None) => Some(ResourceBasedTunerConfig::Options(
                targets.into_core(&format!("{path}.resources."))?,
            )),
            (None, Some(handle)) => Some(ResourceBasedTunerConfig::Controller(
                resource_controller::TABLE.get(handle)?,
            )),
            (None, None) => None,
        };
        let supplier = Suppliers {
            path,
            has_targets: resources.is_some(),
            broker: OnceCell::new(),
        };
        let options = TunerHolderOptions::builder()
            .workflow_slot_options(supplier.build(
                "workflowTasks",
                self.workflow_tasks,
                least_workflow_slots,
                Self::DEFAULTS.workflow_tasks,
            )?)
            .activity_slot_options(supplier.build("activities", self.activities, 1, Self::DEFAULTS.activities)?)
            .local_activity_slot_options(supplier.build(
                "localActivities",
                self.local_activities,
                1,
                Self::DEFAULTS.local_activities,
            )?)
            .nexus_slot_options(supplier.build("nexusTasks", self.nexus_tasks, 1, Self::DEFAULTS.nexus_tasks)?)
            .maybe_resource_based_config(resources)
            .build()
            .map_err(|error| invalid(path, &error))?;
        let tuner = options
            .build_tuner_holder()
            .map_err(|error| invalid(path, &error.to_string()))?;
        Ok((tuner, supplier.broker.into_inner()))
    }
}

struct Suppliers<'a> {
    path: &'a str,
    has_targets: bool,
    /// Made for the first supplier that is the host.
    broker: OnceCell<Arc<Broker>>,
}

impl Suppliers<'_> {
    fn build<K: SlotKind + 'static>(
        &self,
        field: &str,
        supplier: Option<SlotSupplier>,
        least: u64,
        defaults: SlotDefaults,
    ) -> Result<SlotSupplierOptions<K>, Error> {
        let path = format!("{}.{field}", self.path);
        match supplier.unwrap_or(SlotSupplier::Fixed { slots: defaults.slots }) {
            SlotSupplier::Host {} => {
                let broker = Arc::clone(self.broker.get_or_init(Arc::default));
                Ok(SlotSupplierOptions::Custom(Arc::new(HostSupplier::<K>::new(broker))))
            }
            SlotSupplier::Fixed { slots } => {
                at_least(&format!("{path}.slots"), slots.into(), least)?;
                Ok(SlotSupplierOptions::FixedSize { slots: slots as usize })
            }
            SlotSupplier::ResourceBased {
                minimum_slots,
                maximum_slots,
                ramp_throttle_ms,
            } => {
                if !self.has_targets {
                    return Err(invalid(
                        &path,
                        "is resource-based, so the tuner needs resources.targetMemoryUsage and resources.targetCpuUsage, or a resourceController",
                    ));
                }
                let minimum = minimum_slots.unwrap_or(defaults.minimum_slots);
                let maximum = maximum_slots.unwrap_or(defaults.maximum_slots);
                at_least(&format!("{path}.minimumSlots"), minimum.into(), least)?;
                at_least(&format!("{path}.maximumSlots"), maximum.into(), minimum.into())?;
                let ramp = Duration::from_millis(ramp_throttle_ms.unwrap_or(defaults.ramp_throttle_ms));
                Ok(SlotSupplierOptions::ResourceBased(ResourceSlotOptions::new(
                    minimum as usize,
                    maximum as usize,
                    ramp,
                )))
            }
        }
    }
}

impl ResourceTargets {
    /// Reads and checks the document of a controller.
    pub fn parse(document: &[u8]) -> Result<ResourceBasedSlotsOptions, Error> {
        const WHAT: &str = "resource controller options";
        super::parse::<Self>(document, WHAT)?.into_core(&format!("{WHAT}, "))
    }

    /// `prefix` is what the paths of its fields begin with, for messages.
    fn into_core(self, prefix: &str) -> Result<ResourceBasedSlotsOptions, Error> {
        for (field, value) in [
            ("targetMemoryUsage", self.target_memory_usage),
            ("targetCpuUsage", self.target_cpu_usage),
        ] {
            if !(0.0..=1.0).contains(&value) {
                return Err(invalid(
                    &format!("{prefix}{field}"),
                    &format!("{value} is not a share between 0 and 1"),
                ));
            }
        }
        let defaults = Self::DEFAULTS;
        Ok(ResourceBasedSlotsOptions::builder()
            .target_mem_usage(self.target_memory_usage)
            .target_cpu_usage(self.target_cpu_usage)
            .mem_p_gain(self.memory_p_gain.unwrap_or(defaults.memory_p_gain))
            .mem_i_gain(self.memory_i_gain.unwrap_or(defaults.memory_i_gain))
            .mem_d_gain(self.memory_d_gain.unwrap_or(defaults.memory_d_gain))
            .mem_output_threshold(self.memory_output_threshold.unwrap_or(defaults.memory_output_threshold))
            .cpu_p_gain(self.cpu_p_gain.unwrap_or(defaults.cpu_p_gain))
            .cpu_i_gain(self.cpu_i_gain.unwrap_or(defaults.cpu_i_gain))
            .cpu_d_gain(self.cpu_d_gain.unwrap_or(defaults.cpu_d_gain))
            .cpu_output_threshold(self.cpu_output_threshold.unwrap_or(defaults.cpu_output_threshold))
            .build())
    }
}
