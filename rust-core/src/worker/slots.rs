//! Slots that the host supplies: Core's questions become events, and the host's answer is a call.

use parking_lot::Mutex;
use serde::Serialize;
use std::{
    collections::HashMap,
    future::pending,
    marker::PhantomData,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};
use temporalio_sdk_core::{
    SlotInfo, SlotInfoTrait, SlotKind, SlotKindType, SlotMarkUsedContext, SlotReleaseContext, SlotReservationContext,
    SlotSupplier, SlotSupplierPermit,
};
use tokio::sync::oneshot;

use crate::{
    error::Error,
    event::{Event, EventKind},
    queue::Queue,
};

/// What the data of a slot event says, as JSON.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct SlotDocument {
    /// Names the slot from SLOT_RESERVE on, until it is cancelled or released.
    reservation: u64,
    /// What the slot is for.
    slot_kind: SlotUse,
    /// What a reservation is made for; only in SLOT_RESERVE.
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<SlotRequest>,
    /// The task in the slot; only in SLOT_USED, and in SLOT_RELEASED of a slot that was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<SlotTask>,
}

/// What a slot is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum SlotUse {
    /// A workflow task.
    Workflow,
    /// An activity.
    Activity,
    /// A local activity.
    LocalActivity,
    /// A Nexus task.
    Nexus,
}

/// What a reservation is made for.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct SlotRequest {
    /// The task queue of the worker.
    task_queue: String,
    /// The identity of the worker.
    worker_identity: String,
    /// The deployment of the worker, when it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    deployment_name: Option<String>,
    /// The build id of the worker, when it has a deployment version.
    #[serde(skip_serializing_if = "Option::is_none")]
    build_id: Option<String>,
    /// Slots of this kind that are reserved or used now.
    issued_slots: usize,
    /// Whether a workflow task is to be polled for on the sticky queue.
    is_sticky: bool,
}

/// The task in a slot.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase", untagged)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum SlotTask {
    /// A workflow task.
    #[serde(rename_all = "camelCase")]
    Workflow { workflow_type: String, is_sticky: bool },
    /// An activity or a local activity.
    #[serde(rename_all = "camelCase")]
    Activity { activity_type: String },
    /// A Nexus task.
    Nexus { service: String, operation: String },
}

impl SlotUse {
    fn of<K: SlotKind>() -> Self {
        match K::kind() {
            SlotKindType::Workflow => Self::Workflow,
            SlotKindType::Activity => Self::Activity,
            SlotKindType::LocalActivity => Self::LocalActivity,
            SlotKindType::Nexus => Self::Nexus,
        }
    }
}

impl SlotTask {
    fn of(info: SlotInfo<'_>) -> Self {
        match info {
            SlotInfo::Workflow(info) => Self::Workflow {
                workflow_type: info.workflow_type.clone(),
                is_sticky: info.is_sticky,
            },
            SlotInfo::Activity(info) => Self::Activity {
                activity_type: info.activity_type.clone(),
            },
            SlotInfo::LocalActivity(info) => Self::Activity {
                activity_type: info.activity_type.clone(),
            },
            SlotInfo::Nexus(info) => Self::Nexus {
                service: info.service.clone(),
                operation: info.operation.clone(),
            },
        }
    }
}

impl SlotRequest {
    fn of(context: &dyn SlotReservationContext) -> Self {
        let version = context.worker_deployment_version().as_ref();
        Self {
            task_queue: context.task_queue().to_owned(),
            worker_identity: context.worker_identity().to_owned(),
            deployment_name: version.map(|version| version.deployment_name.clone()),
            build_id: version.map(|version| version.build_id.clone()),
            issued_slots: context.num_issued_slots(),
            is_sticky: context.is_sticky(),
        }
    }
}

/// Between Core, which reserves slots of any kind, and the host that supplies them. One per worker.
#[derive(Default)]
pub struct Broker {
    host: OnceLock<(Arc<Queue>, u64)>,
    last_reservation: AtomicU64,
    /// Reservations that the host has not granted yet.
    waiting: Mutex<HashMap<u64, oneshot::Sender<()>>>,
}

impl Broker {
    /// Sets where the events go, once.
    pub fn connect(&self, queue: Arc<Queue>, token: u64) -> Result<(), Error> {
        self.host
            .set((queue, token))
            .map_err(|_| Error::busy("the worker's slots are supplied through a queue already"))
    }

    pub fn is_connected(&self) -> bool {
        self.host.get().is_some()
    }

    pub fn grant(&self, reservation: u64) -> Result<(), Error> {
        self.waiting
            .lock()
            .remove(&reservation)
            .and_then(|sender| sender.send(()).ok())
            .ok_or_else(|| {
                Error::invalid_argument(format!(
                    "reservation {reservation} is not waiting: it was granted, cancelled, or never made"
                ))
            })
    }

    /// Whether the host will hear of it.
    fn post(&self, kind: EventKind, document: &SlotDocument) -> bool {
        let data = serde_json::to_vec(document).expect("strings and numbers always serialise");
        self.host
            .get()
            .is_some_and(|(queue, token)| queue.post(Event::ok(*token, kind, data)).is_ok())
    }
}

/// A reservation that Core waits for. When Core stops waiting, the host is told.
struct Waiting<'a> {
    broker: &'a Broker,
    document: SlotDocument,
    is_over: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let was_granted = self.broker.waiting.lock().remove(&self.document.reservation).is_none();
        self.broker.post(
            if was_granted {
                EventKind::SlotReleased
            } else {
                EventKind::SlotCancelled
            },
            &self.document,
        );
    }
}

/// What Core asks for slots of one kind.
pub struct HostSupplier<K> {
    broker: Arc<Broker>,
    kind: PhantomData<fn() -> K>,
}

impl<K> HostSupplier<K> {
    pub fn new(broker: Arc<Broker>) -> Self {
        Self {
            broker,
            kind: PhantomData,
        }
    }
}

impl<K: SlotKind> HostSupplier<K> {
    /// An event about a slot that Core has.
    fn tell(&self, kind: EventKind, permit: &SlotSupplierPermit, info: Option<&K::Info>) {
        // Every permit is made below, with its number.
        let Some(reservation) = permit.user_data::<u64>() else {
            return;
        };
        let document = SlotDocument {
            reservation: *reservation,
            slot_kind: SlotUse::of::<K>(),
            request: None,
            task: info.map(|info| SlotTask::of(info.downcast())),
        };
        self.broker.post(kind, &document);
    }
}

#[async_trait::async_trait]
impl<K: SlotKind + 'static> SlotSupplier for HostSupplier<K> {
    type SlotKind = K;

    async fn reserve_slot(&self, context: &dyn SlotReservationContext) -> SlotSupplierPermit {
        let broker = &*self.broker;
        let reservation = broker.last_reservation.fetch_add(1, Ordering::Relaxed) + 1;
        let (sender, granted) = oneshot::channel();
        broker.waiting.lock().insert(reservation, sender);
        let mut waiting = Waiting {
            broker,
            document: SlotDocument {
                reservation,
                slot_kind: SlotUse::of::<K>(),
                request: Some(SlotRequest::of(context)),
                task: None,
            },
            is_over: false,
        };
        let was_heard = broker.post(EventKind::SlotReserve, &waiting.document);
        waiting.document.request = None;
        // Without a host there are no slots; Core stops waiting when the worker shuts down.
        if !was_heard || granted.await.is_err() {
            pending::<()>().await;
        }
        waiting.is_over = true;
        SlotSupplierPermit::with_user_data(reservation)
    }

    /// The answer would have to be waited for here, so there is none: such slots are not used for eager starts.
    fn try_reserve_slot(&self, _context: &dyn SlotReservationContext) -> Option<SlotSupplierPermit> {
        None
    }

    fn mark_slot_used(&self, context: &dyn SlotMarkUsedContext<SlotKind = K>) {
        self.tell(EventKind::SlotUsed, context.permit(), Some(context.info()));
    }

    fn release_slot(&self, context: &dyn SlotReleaseContext<SlotKind = K>) {
        self.tell(EventKind::SlotReleased, context.permit(), context.info());
    }
}
