//! A Core runtime: the tokio threads, telemetry and what every client and worker hangs on.

use futures_util::FutureExt;
use std::{panic::AssertUnwindSafe, sync::Arc, thread};
use temporalio_common::telemetry::set_trace_subscriber_for_current_thread;
use temporalio_sdk_core::CoreRuntime;
use tokio::runtime::{Builder, Handle};
use tracing::Dispatch;

use crate::{
    bytes::{self, Bytes},
    error::Error,
    event::{Event, EventKind},
    guard,
    handle::{BytesHandle, Kind, QueueHandle, RuntimeHandle, Table},
    inline, input,
    metric_buffer::MetricBuffer,
    options::runtime::RuntimeOptions,
    queue::{self, Queue},
    status::Status,
    telemetry::{self, LogForwarder},
};

/// What clients and workers share. Whoever needs it keeps an Arc, so that a host may free the handle
/// at any time.
pub struct Runtime {
    pub core: Arc<CoreRuntime>,
    /// Where Core's futures run.
    pub tokio: Handle,
    /// Set for the time of a call into Core on a thread of the host; tokio's own threads always have it.
    dispatch: Dispatch,
    logs: Option<Arc<LogForwarder>>,
    /// There when that is where metrics go.
    metrics: Option<Arc<MetricBuffer>>,
    /// Held for its drop, and last, so that its reference to Core is the last.
    _end: End,
}

pub static TABLE: Table<Runtime> = Table::new(Kind::Runtime);

/// The tokio runtime is owned here and not by `CoreRuntime`, so that both end in an order and on a thread that suit
/// them.
struct End(Option<(Arc<CoreRuntime>, tokio::runtime::Runtime)>);

impl Drop for End {
    fn drop(&mut self) {
        let Some((core, threads)) = self.0.take() else { return };
        let end = move || {
            // A metrics exporter sends what it has once more, for which it waits up to five seconds.
            drop(core);
            // Tasks that Core left behind are dropped where they wait.
            threads.shutdown_background();
        };
        // The last reference may be dropped by the host, which is not to wait, or by a task on one of the runtime's
        // own threads, where tokio panics on whatever waits.
        if let Err(error) = thread::Builder::new().name("temporal-end".to_owned()).spawn(end) {
            tracing::error!(%error, "no thread could be started to end a runtime");
        }
    }
}

impl Runtime {
    pub fn new(options: RuntimeOptions) -> Result<Arc<Self>, Error> {
        let (subscriber, logs) = telemetry::logging(&options)?;
        let dispatch = subscriber.clone().map_or_else(Dispatch::none, Dispatch::new);

        let thread_subscriber = subscriber.clone();
        let threads = Builder::new_multi_thread()
            .worker_threads(options.threads())
            .thread_name("temporal-core")
            .enable_all()
            .on_thread_start(move || {
                if let Some(subscriber) = &thread_subscriber {
                    set_trace_subscriber_for_current_thread(Arc::clone(subscriber));
                }
            })
            .build()
            .map_err(|error| Error::internal(format!("the runtime's threads did not start: {error}")))?;
        let tokio = threads.handle().clone();

        // CoreRuntime leaves its subscriber set on the thread that makes it, so make it on a thread that ends.
        let made = thread::scope(|scope| {
            scope
                .spawn(|| {
                    let _inside = tokio.enter();
                    // Exporters start tasks and log, so they need both.
                    let (telemetry, metrics) =
                        tracing::dispatcher::with_default(&dispatch, || telemetry::start(&options, subscriber))?;
                    let core = CoreRuntime::new_assume_tokio(options.core(telemetry)?)
                        .map_err(|error| Error::internal(format!("Core did not start: {error:#}")))?;
                    Ok((Arc::new(core), metrics))
                })
                .join()
                .unwrap_or_else(|payload| Err(Error::panic(payload)))
        });
        let (core, metrics) = match made {
            Ok(made) => made,
            Err(error) => {
                threads.shutdown_background();
                return Err(error);
            }
        };
        Ok(Arc::new(Self {
            core: Arc::clone(&core),
            tokio,
            dispatch,
            logs,
            metrics,
            _end: End(Some((core, threads))),
        }))
    }

    /// Calls into Core on the calling thread, with tokio and this runtime's log subscriber at hand.
    pub fn within<R>(&self, body: impl FnOnce() -> R) -> R {
        let _inside = self.tokio.enter();
        tracing::dispatcher::with_default(&self.dispatch, body)
    }

    /// Runs a future on a tokio thread. It keeps this runtime alive until it ends; when it panics,
    /// `on_panic` gets the error, so that no host waits for ever.
    pub fn spawn(
        self: &Arc<Self>,
        future: impl Future<Output = ()> + Send + 'static,
        on_panic: impl FnOnce(Error) + Send + 'static,
    ) {
        self.tokio.spawn(self.guarded(future, on_panic));
    }

    /// Runs a future as `inline` describes, beginning on the calling thread. `on_panic` is called on a tokio thread.
    pub fn run_inline(
        self: &Arc<Self>,
        future: impl Future<Output = ()> + Send + 'static,
        on_panic: impl FnOnce(Error) + Send + 'static,
    ) {
        let runtime = Arc::clone(self);
        let on_panic = move |error| {
            let again = |error| tracing::error!(%error, "a panic could not be reported");
            runtime.spawn(async move { on_panic(error) }, again);
        };
        inline::run(
            self.tokio.clone(),
            self.dispatch.clone(),
            self.guarded(future, on_panic),
        );
    }

    fn guarded(
        self: &Arc<Self>,
        future: impl Future<Output = ()> + Send + 'static,
        on_panic: impl FnOnce(Error) + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static {
        let runtime = Arc::clone(self);
        // Not an async block, which would keep room for the future twice: as what it captured and as what it awaits.
        AssertUnwindSafe(future).catch_unwind().map(move |outcome| {
            if let Err(payload) = outcome {
                on_panic(Error::panic(payload));
            }
            drop(runtime);
        })
    }

    /// Runs a future whose outcome is one event: what it returns, its error, or PANIC.
    pub fn spawn_reply(
        self: &Arc<Self>,
        reply: Reply,
        future: impl Future<Output = Result<Event, Error>> + Send + 'static,
    ) {
        let on_panic = reply.clone();
        self.spawn(
            future.map(move |outcome| match outcome {
                Ok(event) => reply.post(event),
                Err(error) => reply.fail(&error),
            }),
            move |error| on_panic.fail(&error),
        );
    }
}

/// Where the outcome of an operation goes: a queue, the host's token, and the kind of event it waits for.
#[derive(Clone)]
pub struct Reply {
    pub queue: Arc<Queue>,
    pub token: u64,
    pub kind: EventKind,
}

impl Reply {
    pub fn new(queue: QueueHandle, token: u64, kind: EventKind) -> Result<Self, Error> {
        Ok(Self {
            queue: queue::TABLE.get(queue)?,
            token,
            kind,
        })
    }

    /// A successful outcome with these bytes, for `post` or for `Runtime::spawn_reply`.
    pub fn ok(&self, data: Vec<u8>) -> Event {
        Event::ok(self.token, self.kind, data)
    }

    pub fn fail(&self, error: &Error) {
        self.post(Event::failed(self.token, self.kind, error));
    }

    /// A host that has freed the queue no longer wants the outcome, so it is dropped.
    pub fn post(&self, event: Event) {
        drop(self.queue.post(event));
    }
}

/// Makes a runtime from a JSON options document (RuntimeOptions; empty bytes mean all defaults).
///
/// A runtime owns threads of its own, on which everything asynchronous happens. One per process is
/// usual; more are independent of each other. `options` is copied. The result goes to `out`.
///
/// Any thread may call this. INVALID_OPTIONS when the document is wrong (the message names the path),
/// INTERNAL when the metrics endpoint cannot be opened or threads cannot be made.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn temporal_core_runtime_new(
    options: *const u8,
    options_length: usize,
    out: *mut RuntimeHandle,
    out_error: *mut BytesHandle,
) -> Status {
    let make = |options: &[u8]| Ok(TABLE.insert(Runtime::new(RuntimeOptions::parse(options)?)?));
    // SAFETY: the header asks for writable memory and for `options_length` readable bytes.
    unsafe { guard::create(options, options_length, out, out_error, make) }
}

/// Sends the log records of a runtime whose logging option is `forward` to a queue, as LOG events with
/// this token: first those kept since the start (at most 2,048, the newest), then each as it happens.
///
/// Calling it again moves the records to another queue; when that queue is freed they are kept again.
/// Any thread may call this. INVALID_ARGUMENT when the runtime's logging option is not `forward`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn temporal_core_runtime_forward_logs(
    runtime: RuntimeHandle,
    queue: QueueHandle,
    token: u64,
    out_error: *mut BytesHandle,
) -> Status {
    guard::with(&TABLE, runtime, out_error, |runtime| {
        let reply = Reply::new(queue, token, EventKind::Log)?;
        let logs = runtime.logs.as_ref().ok_or_else(|| {
            Error::invalid_argument("this runtime does not forward logs; make it with \"logging\": {\"forward\": true}")
        })?;
        logs.forward(reply);
        Ok(())
    })
}

/// Fetches the values of metrics that came since the last call, when the runtime's metrics exporter is `buffer`. The
/// result goes to `out`: bytes that the host frees, a JSON document (BufferedMetrics).
///
/// Any thread may call this. INVALID_ARGUMENT when metrics go elsewhere or nowhere.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn temporal_core_runtime_take_metrics(
    runtime: RuntimeHandle,
    out: *mut BytesHandle,
    out_error: *mut BytesHandle,
) -> Status {
    guard::with(&TABLE, runtime, out_error, |runtime| {
        // SAFETY: the header asks for writable memory.
        let out = unsafe { input::out(out, "out")? };
        let metrics = runtime.metrics.as_ref().ok_or_else(|| {
            Error::invalid_argument(
                "this runtime keeps no metrics; make it with \"metrics\": {\"exporter\": {\"buffer\": {}}}",
            )
        })?;
        let document = serde_json::to_vec(&metrics.take()).expect("strings and numbers always serialise");
        out.set(bytes::TABLE.insert(Bytes::new(document)));
        Ok(())
    })
}

/// Gives up a runtime. Clients, workers and operations that use it keep it alive until they are done;
/// then its threads end.
///
/// Any thread may call this; it does not wait. INVALID_HANDLE when the handle is stale.
#[unsafe(no_mangle)]
pub extern "C" fn temporal_core_runtime_free(runtime: RuntimeHandle) -> Status {
    guard::free(&TABLE, runtime, drop)
}
