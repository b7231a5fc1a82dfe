//! Logs and metrics of a runtime.

use parking_lot::Mutex;
use serde::Serialize;
use std::{
    collections::{HashMap, VecDeque},
    env,
    io::{self, IsTerminal},
    sync::Arc,
    time::Duration,
};
use temporalio_common::telemetry::{
    CoreLog, CoreLogConsumer, HistogramBucketOverrides, Logger, MetricTemporality, OtelCollectorOptions, OtlpProtocol,
    PrometheusExporterOptions, TelemetryOptions, build_otlp_metric_exporter, metrics::CoreMeter,
    start_prometheus_metric_exporter, telemetry_init,
};
use tracing::Subscriber;
use tracing_subscriber::{EnvFilter, fmt};
use url::Url;

use crate::{
    error::Error,
    event::Event,
    metric_buffer::{BufferMeter, MetricBuffer},
    options::runtime::{
        BufferOptions, LogFormat, LoggingOptions, MetricsExporter, MetricsOptions, MetricsTemporality, OtelOptions,
        PrometheusOptions, RuntimeOptions,
    },
    printable::Escaping,
    runtime::Reply,
};

/// Log records kept while no queue wants them. As many as Core's own buffer holds.
const KEPT_RECORDS: usize = 2048;

type SharedSubscriber = Arc<dyn Subscriber + Send + Sync>;

/// The subscriber that the options ask for, which every thread of the runtime has to set before it runs anything, and
/// the forwarder when records are to become events.
pub fn logging(options: &RuntimeOptions) -> Result<(Option<SharedSubscriber>, Option<Arc<LogForwarder>>), Error> {
    let Some(LoggingOptions {
        filter,
        forward,
        format,
    }) = options.logging.clone()
    else {
        return Ok((None, None));
    };
    // Core takes wrong directives for none at all.
    let directives = EnvFilter::try_new(&filter).map_err(|error| {
        options.wrong(
            "logging.filter",
            format!("{filter:?} cannot be used ({error}); write directives such as warn or temporalio_sdk_core=debug, separated by commas"),
        )
    })?;
    if !forward {
        return Ok((Some(console(directives, format)), None));
    }
    let forwarder = Arc::new(LogForwarder::default());
    let consumer = Arc::clone(&forwarder) as Arc<dyn CoreLogConsumer>;
    let pushing = TelemetryOptions::builder()
        .logging(Logger::Push { filter, consumer })
        .build();
    let telemetry =
        telemetry_init(pushing).map_err(|error| Error::internal(format!("logging did not start: {error:#}")))?;
    Ok((telemetry.trace_subscriber(), Some(forwarder)))
}

/// Writes records to standard output in Core's own formats. Core's console has colours in files and pipes too.
fn console(filter: EnvFilter, format: LogFormat) -> SharedSubscriber {
    let has_colours = io::stdout().is_terminal() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let builder = fmt()
        .with_env_filter(filter)
        .with_ansi(has_colours)
        .with_writer(|| Escaping(io::stdout()));
    match format {
        LogFormat::Compact => Arc::new(builder.compact().finish()),
        LogFormat::Pretty => Arc::new(builder.pretty().with_file(false).with_line_number(false).finish()),
        LogFormat::Json => Arc::new(builder.json().with_target(false).finish()),
    }
}

/// Starts the metrics exporter, if any, and says all to Core. To be called inside the tokio runtime. The buffer is
/// there when metrics go to one.
pub fn start(
    options: &RuntimeOptions,
    subscriber: Option<SharedSubscriber>,
) -> Result<(TelemetryOptions, Option<Arc<MetricBuffer>>), Error> {
    let telemetry = TelemetryOptions::builder().maybe_subscriber_override(subscriber);
    let Some(metrics) = &options.metrics else {
        return Ok((telemetry.build(), None));
    };
    let (meter, buffer) = meter(options, metrics)?;
    let prefix = metrics.prefix.as_deref().unwrap_or(MetricsOptions::DEFAULTS.prefix);
    let telemetry = telemetry
        .metrics(meter)
        .attach_service_name(
            metrics
                .attach_service_name
                .unwrap_or(MetricsOptions::DEFAULTS.attach_service_name),
        )
        .metric_prefix(prefix.to_owned())
        .build();
    Ok((telemetry, buffer))
}

/// A meter, and the buffer when its values go to one.
type Meter = (Arc<dyn CoreMeter>, Option<Arc<MetricBuffer>>);

fn meter(options: &RuntimeOptions, metrics: &MetricsOptions) -> Result<Meter, Error> {
    let buckets = HistogramBucketOverrides {
        overrides: metrics.histogram_bucket_overrides.clone(),
    };
    match &metrics.exporter {
        MetricsExporter::Prometheus(prometheus) => {
            let exporter = PrometheusExporterOptions::builder()
                .socket_addr(prometheus.address()?)
                .global_tags(metrics.global_tags.clone())
                .counters_total_suffix(
                    prometheus
                        .counters_total_suffix
                        .unwrap_or(PrometheusOptions::DEFAULTS.counters_total_suffix),
                )
                .unit_suffix(
                    prometheus
                        .unit_suffix
                        .unwrap_or(PrometheusOptions::DEFAULTS.unit_suffix),
                )
                .use_seconds_for_durations(metrics.use_seconds_for_durations())
                .histogram_bucket_overrides(buckets)
                .build();
            let started = start_prometheus_metric_exporter(exporter).map_err(|error| {
                Error::internal(format!(
                    "the Prometheus endpoint cannot listen at {}: {error:#}; choose another metrics.exporter.prometheus.bindAddress",
                    prometheus.bind_address
                ))
            })?;
            Ok((started.meter, None))
        }
        MetricsExporter::Otel(otel) => Ok((Arc::new(otel_meter(options, metrics, otel, buckets)?), None)),
        MetricsExporter::Buffer(buffer) => {
            let meter = buffer_meter(options, metrics, buffer)?;
            let buffer = Arc::clone(&meter.buffer);
            Ok((Arc::new(meter), Some(buffer)))
        }
    }
}

fn buffer_meter(
    options: &RuntimeOptions,
    metrics: &MetricsOptions,
    buffer: &BufferOptions,
) -> Result<BufferMeter, Error> {
    let maximum = buffer
        .maximum_updates
        .unwrap_or(BufferOptions::DEFAULTS.maximum_updates);
    if maximum == 0 {
        let reason = "0 is too small; at least 1 is needed".to_owned();
        return Err(options.wrong("metrics.exporter.buffer.maximumUpdates", reason));
    }
    if !metrics.histogram_bucket_overrides.is_empty() {
        let reason = "a buffer keeps each value and has no buckets; leave them out".to_owned();
        return Err(options.wrong("metrics.histogramBucketOverrides", reason));
    }
    Ok(BufferMeter {
        buffer: MetricBuffer::new(maximum),
        global_tags: metrics.global_tags.clone(),
        use_seconds_for_durations: metrics.use_seconds_for_durations(),
    })
}

fn otel_meter(
    options: &RuntimeOptions,
    metrics: &MetricsOptions,
    otel: &OtelOptions,
    buckets: HistogramBucketOverrides,
) -> Result<impl CoreMeter + 'static, Error> {
    let at = |field: &str| format!("metrics.exporter.otel.{field}");
    let url = Url::parse(&otel.url).map_err(|error| {
        options.wrong(
            &at("url"),
            format!("{:?} is not a URL, such as http://localhost:4317: {error}", otel.url),
        )
    })?;
    let interval = otel.interval_ms.unwrap_or(OtelOptions::DEFAULTS.interval_ms);
    if interval == 0 {
        return Err(options.wrong(&at("intervalMs"), "0 is too small; at least 1 is needed".to_owned()));
    }
    let exporter = OtelCollectorOptions::builder()
        .url(url)
        .headers(otel.headers.clone())
        .metric_periodicity(Duration::from_millis(interval))
        .metric_temporality(match otel.temporality.unwrap_or(OtelOptions::DEFAULTS.temporality) {
            MetricsTemporality::Cumulative => MetricTemporality::Cumulative,
            MetricsTemporality::Delta => MetricTemporality::Delta,
        })
        .global_tags(metrics.global_tags.clone())
        .use_seconds_for_durations(metrics.use_seconds_for_durations())
        .histogram_bucket_overrides(buckets)
        .protocol(if otel.http.unwrap_or(OtelOptions::DEFAULTS.http) {
            OtlpProtocol::Http
        } else {
            OtlpProtocol::Grpc
        })
        .build();
    build_otlp_metric_exporter(exporter).map_err(|error| {
        Error::internal(format!(
            "the OpenTelemetry exporter to {} did not start: {error:#}",
            otel.url
        ))
    })
}

/// Turns log records into LOG events.
#[derive(Default)]
pub struct LogForwarder(Mutex<Forwarding>);

#[derive(Default)]
struct Forwarding {
    target: Option<Reply>,
    kept: VecDeque<Vec<u8>>,
}

/// A log record as hosts read it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    level: &'a str,
    target: &'a str,
    message: &'a str,
    timestamp_ms: u64,
    fields: &'a HashMap<String, serde_json::Value>,
}

impl LogForwarder {
    /// Sends records to a new target, beginning with those kept.
    pub fn forward(&self, target: Reply) {
        // Under the lock, so that no record overtakes those kept.
        let mut forwarding = self.0.lock();
        while let Some(record) = forwarding.kept.pop_front() {
            target.post(target.ok(record));
        }
        forwarding.target = Some(target);
    }

    fn send(&self, record: Vec<u8>) {
        let mut forwarding = self.0.lock();
        let Some(target) = &forwarding.target else {
            return forwarding.keep(record);
        };
        if let Err(Event { data, .. }) = target.queue.post(target.ok(record)) {
            forwarding.target = None;
            forwarding.keep(data);
        }
    }
}

impl Forwarding {
    fn keep(&mut self, record: Vec<u8>) {
        if self.kept.len() == KEPT_RECORDS {
            self.kept.pop_front();
        }
        self.kept.push_back(record);
    }
}

impl CoreLogConsumer for LogForwarder {
    fn on_log(&self, log: CoreLog) {
        let record = Record {
            level: log.level.as_str(),
            target: &log.target,
            message: &log.message,
            timestamp_ms: log.millis_since_epoch() as u64,
            fields: &log.fields,
        };
        self.send(serde_json::to_vec(&record).expect("strings, numbers and JSON values always serialise"));
    }
}

impl std::fmt::Debug for LogForwarder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("LogForwarder")
    }
}
