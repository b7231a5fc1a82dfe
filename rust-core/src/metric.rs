//! Metrics of the host's own, which a runtime exports beside Core's.

use std::sync::Arc;
use temporalio_common::telemetry::metrics::{
    Counter, Gauge, GaugeF64, Histogram, HistogramF64, MetricAttributes, TemporalMeter, UpDownCounter,
};

use crate::{
    error::Error,
    guard,
    handle::{BytesHandle, Kind, MetricHandle, RuntimeHandle, Table},
    input,
    options::metric::{MetricKind, MetricOptions, attributes as attributes_of},
    runtime,
    status::Status,
};

/// A metric and the meter that its attributes must come from. It does not keep the runtime alive: what is recorded
/// later goes nowhere.
pub struct Metric {
    instrument: Instrument,
    meter: TemporalMeter,
}

enum Instrument {
    Counter(Counter),
    UpDownCounter(UpDownCounter),
    Histogram(Histogram),
    FloatHistogram(HistogramF64),
    Gauge(Gauge),
    FloatGauge(GaugeF64),
}

pub static TABLE: Table<Metric> = Table::new(Kind::Metric);

/// The highest whole number up to which a double has them all.
const MOST: f64 = 9_007_199_254_740_992.0;

impl Metric {
    fn new(meter: TemporalMeter, options: MetricOptions) -> Self {
        let kind = options.kind;
        let parameters = options.into_parameters();
        let instrument = match kind {
            MetricKind::Counter => Instrument::Counter(meter.counter(parameters)),
            MetricKind::UpDownCounter => Instrument::UpDownCounter(meter.up_down_counter(parameters)),
            MetricKind::Histogram => Instrument::Histogram(meter.histogram(parameters)),
            MetricKind::FloatHistogram => Instrument::FloatHistogram(meter.histogram_f64(parameters)),
            MetricKind::Gauge => Instrument::Gauge(meter.gauge(parameters)),
            MetricKind::FloatGauge => Instrument::FloatGauge(meter.gauge_f64(parameters)),
        };
        Self { instrument, meter }
    }

    fn record(&self, value: f64, attributes: &MetricAttributes) -> Result<(), Error> {
        match &self.instrument {
            Instrument::Counter(counter) => counter.add(whole(value, 0.0)? as u64, attributes),
            Instrument::UpDownCounter(counter) => counter.add(whole(value, -MOST)? as i64, attributes),
            Instrument::Histogram(histogram) => histogram.record(whole(value, 0.0)? as u64, attributes),
            Instrument::FloatHistogram(histogram) => histogram.record(finite(value)?, attributes),
            Instrument::Gauge(gauge) => gauge.record(whole(value, 0.0)? as u64, attributes),
            Instrument::FloatGauge(gauge) => gauge.record(finite(value)?, attributes),
        }
        Ok(())
    }
}

fn finite(value: f64) -> Result<f64, Error> {
    if value.is_finite() {
        return Ok(value);
    }
    Err(Error::invalid_argument(format!(
        "{value} cannot be recorded; the metric takes numbers"
    )))
}

fn whole(value: f64, least: f64) -> Result<f64, Error> {
    if value.fract() == 0.0 && (least..=MOST).contains(&value) {
        return Ok(value);
    }
    Err(Error::invalid_argument(format!(
        "{value} cannot be recorded; the metric takes whole numbers from {least} to {MOST}"
    )))
}

/// Makes a metric of the host's own, which the runtime exports with the others under the name that is given: the prefix
/// and `service_name` of Core's own metrics are not added, global tags are. The result goes to `out`.
///
/// `options` is a JSON document (MetricOptions). It is copied. When the runtime exports no metrics, values go nowhere.
///
/// Any thread may call this. INVALID_OPTIONS names the path of what is wrong.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn temporal_core_metric_new(
    runtime: RuntimeHandle,
    options: *const u8,
    options_length: usize,
    out: *mut MetricHandle,
    out_error: *mut BytesHandle,
) -> Status {
    let make = |options: &[u8]| {
        let runtime = runtime::TABLE.get(runtime)?;
        let options = MetricOptions::parse(options)?;
        let meter = runtime
            .core
            .telemetry()
            .get_metric_meter()
            .unwrap_or_else(TemporalMeter::no_op);
        Ok(TABLE.insert(Arc::new(Metric::new(meter, options))))
    };
    // SAFETY: the header asks for writable memory and for `options_length` readable bytes.
    unsafe { guard::create(options, options_length, out, out_error, make) }
}

/// Records a value of a metric: counters add it, histograms count it, gauges keep it.
///
/// `attributes` is a JSON object of texts, numbers and booleans, or empty for none; it is copied. Exporters expect
/// every value of a metric to have attributes of the same names.
///
/// Any thread may call this. INVALID_ARGUMENT when the metric does not take the value: whole numbers up to 2^53, from 0
/// unless it is an up-down counter; INVALID_OPTIONS when an attribute is of another type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn temporal_core_metric_record(
    metric: MetricHandle,
    value: f64,
    attributes: *const u8,
    attributes_length: usize,
    out_error: *mut BytesHandle,
) -> Status {
    guard::with(&TABLE, metric, out_error, |metric| {
        // SAFETY: the header asks for readable bytes during the call.
        let attributes = unsafe { input::bytes(attributes, attributes_length, "attributes")? };
        // Without the meter's default attributes, which are Core's own: service_name.
        let attributes = metric.meter.new_attributes(attributes_of(attributes)?);
        metric.record(value, &attributes)
    })
}

/// Gives up a metric. What was recorded is exported all the same.
///
/// Any thread may call this. INVALID_HANDLE when the handle is stale.
#[unsafe(no_mangle)]
pub extern "C" fn temporal_core_metric_free(metric: MetricHandle) -> Status {
    guard::free(&TABLE, metric, drop)
}
