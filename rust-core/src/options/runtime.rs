//! Options of a runtime: its threads, and where logs and metrics go.

use serde::Deserialize;
use std::{collections::HashMap, net::SocketAddr, thread::available_parallelism, time::Duration};
use temporalio_common::{
    protos::temporal::api::worker::v1::environment_info::{Runtime as CoreLanguageRuntime, runtime::RuntimeType},
    telemetry::TelemetryOptions,
};
use temporalio_sdk_core::RuntimeOptions as CoreOptions;

use super::invalid;
use crate::error::Error;

const WHAT: &str = "runtime options";
const MOST_THREADS: usize = 1024;

defaults!(RuntimeOptions: RuntimeDefaults {
    worker_heartbeat_interval_ms: u64 = 60_000,
});

defaults!(LoggingOptions: LoggingDefaults {
    filter: &'static str = "ERROR,temporalio_sdk_core=WARN,temporalio_client=WARN,temporalio_common=WARN",
    forward: bool = false,
    format: LogFormat = LogFormat::Compact,
});

defaults!(MetricsOptions: MetricsDefaults {
    prefix: &'static str = "temporal_",
    attach_service_name: bool = true,
    use_seconds_for_durations: bool = false,
});

defaults!(PrometheusOptions: PrometheusDefaults {
    counters_total_suffix: bool = false,
    unit_suffix: bool = false,
});

defaults!(OtelOptions: OtelDefaults {
    http: bool = false,
    interval_ms: u64 = 1000,
    temporality: MetricsTemporality = MetricsTemporality::Cumulative,
});

defaults!(BufferOptions: BufferDefaults {
    maximum_updates: usize = 10_000,
});

/// Options of a runtime.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct RuntimeOptions {
    /// Number of threads that run asynchronous work, 1 to 1024. Default: one per processor.
    pub threads: Option<usize>,
    /// Where log records go. Absent: warnings of Core and errors of other crates, to standard output. Null: nowhere.
    #[cfg_attr(test, ts(optional = nullable))]
    pub logging: Option<LoggingOptions>,
    /// Which metrics are exported. Default: none.
    pub metrics: Option<MetricsOptions>,
    /// Time between the heartbeats that workers send to the server, 1000 to 60000. Null: no heartbeats. Default 60000.
    #[cfg_attr(test, ts(optional = nullable))]
    pub worker_heartbeat_interval_ms: Option<u64>,
    /// What worker heartbeats say about the host program's language runtime. Default: nothing.
    pub language_runtime: Option<LanguageRuntime>,
}

/// Where log records go and which.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct LoggingOptions {
    /// Which records: directives of `level` or `target=level`, separated by commas. Default: warnings of Core
    /// (`temporalio_sdk_core`, `temporalio_client`, `temporalio_common`) and errors of all other targets.
    #[cfg_attr(test, ts(as = "Option<String>"))]
    pub filter: String,
    /// True: records become LOG events. False: they are written to standard output. Default false.
    #[cfg_attr(test, ts(as = "Option<bool>"))]
    pub forward: bool,
    /// How records look on standard output, which has colours if it is a terminal and `NO_COLOR` isn't set. Default
    /// `compact`.
    #[cfg_attr(test, ts(as = "Option<LogFormat>"))]
    pub format: LogFormat,
}

/// How records look on standard output.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS, serde::Serialize))]
pub enum LogFormat {
    /// One line each.
    Compact,
    /// Several lines each.
    Pretty,
    /// One JSON object per line.
    Json,
}

/// Metrics of Core.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct MetricsOptions {
    /// How the metrics leave this process.
    pub exporter: MetricsExporter,
    /// What the names of Core's metrics start with. Default `temporal_`.
    pub prefix: Option<String>,
    /// Tags on every metric. Default: none.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<HashMap<String, String>>"))]
    pub global_tags: HashMap<String, String>,
    /// Whether Core's own metrics have the tag `service_name`. Default true.
    pub attach_service_name: Option<bool>,
    /// Whether durations are fractions of seconds; otherwise whole milliseconds. Default false.
    pub use_seconds_for_durations: Option<bool>,
    /// Upper bounds of histogram buckets by metric name without prefix, in the unit of durations. Default: those of
    /// Core.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<HashMap<String, Vec<f64>>>"))]
    pub histogram_bucket_overrides: HashMap<String, Vec<f64>>,
}

/// How metrics leave this process.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum MetricsExporter {
    /// An HTTP server that Prometheus reads `/metrics` from.
    Prometheus(PrometheusOptions),
    /// Sent to an OpenTelemetry collector.
    Otel(OtelOptions),
    /// Kept until the host fetches them; see `temporal_core_runtime_take_metrics`.
    Buffer(BufferOptions),
}

/// An HTTP server that Prometheus reads `/metrics` from.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct PrometheusOptions {
    /// `address:port` to listen at, such as `127.0.0.1:9464`.
    pub bind_address: String,
    /// Whether names of counters end in `_total`. Default false.
    pub counters_total_suffix: Option<bool>,
    /// Whether names of histograms end in their unit. Default false.
    pub unit_suffix: Option<bool>,
}

/// An OpenTelemetry collector.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct OtelOptions {
    /// Where the collector listens, such as `http://localhost:4317`.
    pub url: String,
    /// Whether it is spoken to in OTLP over HTTP; otherwise over gRPC. Default false.
    pub http: Option<bool>,
    /// Headers of every export. Default: none.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<HashMap<String, String>>"))]
    pub headers: HashMap<String, String>,
    /// Time between exports. Default 1000.
    pub interval_ms: Option<u64>,
    /// Whether data points start anew after each export (`delta`) or add up (`cumulative`). Default `cumulative`.
    pub temporality: Option<MetricsTemporality>,
}

/// A buffer that the host fetches values from.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct BufferOptions {
    /// Values that are kept, at least 1; what comes beyond them is dropped, and logged once. Default 10000.
    pub maximum_updates: Option<usize>,
}

/// Whether data points start anew after each export.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS, serde::Serialize))]
pub enum MetricsTemporality {
    /// They add up.
    Cumulative,
    /// They start anew.
    Delta,
}

/// The language runtime of the host program.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LanguageRuntime {
    /// A name that Temporal's API knows: `jvm`, `cpython`, `node`, `bun`, `cruby`, `go`, `dotnet_framework`,
    /// `dotnet_core`, `native` or `roadrunner`.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Default for RuntimeOptions {
    fn default() -> Self {
        Self {
            threads: None,
            logging: Some(LoggingOptions::default()),
            metrics: None,
            worker_heartbeat_interval_ms: Some(Self::DEFAULTS.worker_heartbeat_interval_ms),
            language_runtime: None,
        }
    }
}

impl Default for LoggingOptions {
    fn default() -> Self {
        Self {
            filter: Self::DEFAULTS.filter.to_owned(),
            forward: Self::DEFAULTS.forward,
            format: Self::DEFAULTS.format,
        }
    }
}

impl RuntimeOptions {
    /// Reads and checks the document of a runtime.
    pub fn parse(document: &[u8]) -> Result<Self, Error> {
        let options: Self = super::parse(document, WHAT)?;
        if let Some(threads) = options.threads
            && !(1..=MOST_THREADS).contains(&threads)
        {
            return Err(options.wrong("threads", format!("{threads} is not between 1 and {MOST_THREADS}")));
        }
        options.core(TelemetryOptions::default())?;
        Ok(options)
    }

    /// The number of threads to start.
    pub fn threads(&self) -> usize {
        self.threads
            .unwrap_or_else(|| available_parallelism().map_or(1, usize::from))
    }

    /// What Core is started with.
    pub fn core(&self, telemetry: TelemetryOptions) -> Result<CoreOptions, Error> {
        let heartbeat = self.worker_heartbeat_interval_ms;
        let core = CoreOptions::builder()
            .telemetry_options(telemetry)
            .heartbeat_interval(heartbeat.map(Duration::from_millis))
            .build()
            .map_err(|_| {
                let interval = heartbeat.unwrap_or_default();
                self.wrong(
                    "workerHeartbeatIntervalMs",
                    format!("{interval} is not between 1000 and 60000; null turns heartbeats off"),
                )
            })?;
        let runtimes = self
            .language_runtime
            .iter()
            .map(LanguageRuntime::core)
            .collect::<Result<_, _>>()?;
        Ok(core.with_runtimes(runtimes))
    }

    /// An option that is of the right type but cannot be used.
    pub fn wrong(&self, path: &str, reason: String) -> Error {
        invalid(&format!("{WHAT}, {path}"), &reason)
    }
}

impl LanguageRuntime {
    fn core(&self) -> Result<CoreLanguageRuntime, Error> {
        let kind = RuntimeType::from_str_name(&format!("RUNTIME_TYPE_{}", self.name.to_uppercase()));
        match kind {
            None | Some(RuntimeType::Unspecified) => Err(invalid(
                &format!("{WHAT}, languageRuntime.name"),
                &format!(
                    "{:?} is not a language runtime that Temporal's API knows, such as bun or native",
                    self.name
                ),
            )),
            Some(kind) => Ok(CoreLanguageRuntime {
                r#type: kind as i32,
                version: self.version.clone(),
            }),
        }
    }
}

impl MetricsOptions {
    pub fn use_seconds_for_durations(&self) -> bool {
        self.use_seconds_for_durations
            .unwrap_or(Self::DEFAULTS.use_seconds_for_durations)
    }
}

impl PrometheusOptions {
    pub fn address(&self) -> Result<SocketAddr, Error> {
        self.bind_address.parse().map_err(|_| {
            invalid(
                &format!("{WHAT}, metrics.exporter.prometheus.bindAddress"),
                &format!("{:?} is not address:port, such as 127.0.0.1:9464", self.bind_address),
            )
        })
    }
}
