//! A meter that keeps the values of metrics until the host fetches them.
//!
//! Core has such a buffer too, but what overflows there may be the creation of a metric or of attributes, after which
//! the values that belong to it are lost or panic. Here only values are in the buffer.

use parking_lot::Mutex;
use serde::{Serialize, Serializer};
use std::{
    any::Any,
    collections::{BTreeMap, HashMap},
    fmt::Debug,
    sync::Arc,
    time::Duration,
};
use temporalio_common::telemetry::metrics::{
    CoreMeter, Counter, CounterBase, Gauge, GaugeBase, GaugeF64, GaugeF64Base, Histogram, HistogramBase,
    HistogramDuration, HistogramDurationBase, HistogramF64, HistogramF64Base, MetricAttributable, MetricAttributes,
    MetricKeyValue, MetricParameters, MetricValue, NewAttributes, UpDownCounter, UpDownCounterBase,
    core::CustomMetricAttributes,
};
use tracing::Dispatch;

use crate::options::metric::MetricKind;

/// The values of metrics that came since they were last fetched, as `temporal_core_runtime_take_metrics` gives them.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct BufferedMetrics {
    /// The metrics that have values.
    #[serde(serialize_with = "shared")]
    metrics: Vec<Arc<BufferedMetric>>,
    /// The sets of attributes that values have.
    #[serde(serialize_with = "shared")]
    attributes: Vec<Arc<Attributes>>,
    /// The values in their order: index of the metric, index of the attributes, and what a counter is to add or what a
    /// gauge or histogram recorded.
    updates: Vec<(usize, usize, f64)>,
}

/// Writes what is shared as if it were not.
fn shared<T: Serialize, S: Serializer>(list: &[Arc<T>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(list.iter().map(Arc::as_ref))
}

/// A metric that has values.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct BufferedMetric {
    /// What it does with values.
    kind: MetricKind,
    /// Its name, with its prefix.
    name: String,
    /// Unit of its values, such as `ms`; may be empty.
    unit: String,
    /// What it tells; may be empty.
    description: String,
}

/// Attributes of a value: texts, numbers and booleans.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(type = "Record<string, string | number | boolean>"))]
struct Attributes(BTreeMap<String, serde_json::Value>);

impl CustomMetricAttributes for Attributes {
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

impl Attributes {
    fn extended(&self, added: NewAttributes) -> Self {
        let mut attributes = self.clone();
        for attribute in added.attributes {
            let value = match attribute.value {
                MetricValue::String(text) => text.into(),
                MetricValue::Int(integer) => integer.into(),
                MetricValue::Float(float) => float.into(),
                MetricValue::Bool(boolean) => boolean.into(),
            };
            attributes.0.insert(attribute.key, value);
        }
        attributes
    }

    fn of(attributes: &MetricAttributes) -> Arc<Self> {
        match attributes {
            MetricAttributes::Dynamic(attributes) => Arc::clone(attributes).as_any().downcast().unwrap_or_default(),
            // Nothing else comes from this meter, and without attributes Core says Empty.
            _ => Arc::default(),
        }
    }
}

/// The values that wait to be fetched.
#[derive(Debug)]
pub struct MetricBuffer {
    updates: Mutex<Updates>,
    maximum: usize,
    /// Where it logs, since values also come from threads of the host.
    dispatch: Dispatch,
}

#[derive(Debug, Default)]
struct Updates {
    waiting: Vec<(Arc<BufferedMetric>, Arc<Attributes>, f64)>,
    dropped: bool,
}

impl MetricBuffer {
    /// A buffer of at most `maximum` values. It logs where this thread does.
    pub fn new(maximum: usize) -> Arc<Self> {
        Arc::new(Self {
            updates: Mutex::default(),
            maximum,
            dispatch: tracing::dispatcher::get_default(Dispatch::clone),
        })
    }

    fn add(&self, metric: &Arc<BufferedMetric>, attributes: &Arc<Attributes>, value: f64) {
        let mut updates = self.updates.lock();
        if updates.waiting.len() < self.maximum {
            updates
                .waiting
                .push((Arc::clone(metric), Arc::clone(attributes), value));
            return;
        }
        let is_first = !std::mem::replace(&mut updates.dropped, true);
        drop(updates);
        if is_first {
            tracing::dispatcher::with_default(&self.dispatch, || {
                tracing::error!(
                    maximum = self.maximum,
                    "the metrics buffer is full, so values are dropped until it is fetched; fetch it more often, or make it larger"
                );
            });
        }
    }

    /// The values that wait. They do not wait any more.
    pub fn take(&self) -> BufferedMetrics {
        let waiting = std::mem::take(&mut *self.updates.lock()).waiting;
        let mut taken = BufferedMetrics::default();
        let (mut metrics, mut attribute_sets) = (HashMap::new(), HashMap::new());
        for (metric, attributes, value) in waiting {
            let update = (
                index(&mut taken.metrics, &mut metrics, metric),
                index(&mut taken.attributes, &mut attribute_sets, attributes),
                value,
            );
            taken.updates.push(update);
        }
        taken
    }
}

/// The index of an object in a list, to which it is added when it is not there yet.
fn index<T>(list: &mut Vec<Arc<T>>, known: &mut HashMap<*const T, usize>, object: Arc<T>) -> usize {
    *known.entry(Arc::as_ptr(&object)).or_insert_with(|| {
        list.push(object);
        list.len() - 1
    })
}

/// The meter whose values go to a buffer.
#[derive(Debug)]
pub struct BufferMeter {
    pub buffer: Arc<MetricBuffer>,
    /// Attributes of every value.
    pub global_tags: HashMap<String, String>,
    pub use_seconds_for_durations: bool,
}

impl BufferMeter {
    fn instrument(&self, kind: MetricKind, parameters: MetricParameters) -> Arc<Instrument> {
        Arc::new(Instrument {
            buffer: Arc::clone(&self.buffer),
            metric: Arc::new(BufferedMetric {
                kind,
                name: parameters.name.into_owned(),
                unit: parameters.unit.into_owned(),
                description: parameters.description.into_owned(),
            }),
        })
    }
}

impl CoreMeter for BufferMeter {
    fn new_attributes(&self, attributes: NewAttributes) -> MetricAttributes {
        let tags = self.global_tags.iter();
        let global: NewAttributes = tags.map(|(key, value)| MetricKeyValue::new(key, value.clone())).into();
        MetricAttributes::Dynamic(Arc::new(Attributes::default().extended(global).extended(attributes)))
    }

    fn extend_attributes(&self, existing: MetricAttributes, added: NewAttributes) -> MetricAttributes {
        MetricAttributes::Dynamic(Arc::new(Attributes::of(&existing).extended(added)))
    }

    fn counter(&self, parameters: MetricParameters) -> Counter {
        Counter::new(self.instrument(MetricKind::Counter, parameters))
    }

    fn histogram(&self, parameters: MetricParameters) -> Histogram {
        Histogram::new(self.instrument(MetricKind::Histogram, parameters))
    }

    fn histogram_f64(&self, parameters: MetricParameters) -> HistogramF64 {
        HistogramF64::new(self.instrument(MetricKind::FloatHistogram, parameters))
    }

    fn histogram_duration(&self, mut parameters: MetricParameters) -> HistogramDuration {
        let (kind, unit) = match self.use_seconds_for_durations {
            true => (MetricKind::FloatHistogram, "s"),
            false => (MetricKind::Histogram, "ms"),
        };
        parameters.unit = unit.into();
        HistogramDuration::new(self.instrument(kind, parameters))
    }

    fn gauge(&self, parameters: MetricParameters) -> Gauge {
        Gauge::new(self.instrument(MetricKind::Gauge, parameters))
    }

    fn gauge_f64(&self, parameters: MetricParameters) -> GaugeF64 {
        GaugeF64::new(self.instrument(MetricKind::FloatGauge, parameters))
    }

    fn up_down_counter(&self, parameters: MetricParameters) -> UpDownCounter {
        UpDownCounter::new(self.instrument(MetricKind::UpDownCounter, parameters))
    }
}

/// A metric, before it is known what attributes its values have.
struct Instrument {
    buffer: Arc<MetricBuffer>,
    metric: Arc<BufferedMetric>,
}

/// A metric whose values have these attributes.
struct Recorder {
    buffer: Arc<MetricBuffer>,
    metric: Arc<BufferedMetric>,
    attributes: Arc<Attributes>,
}

impl Recorder {
    fn add(&self, value: f64) {
        self.buffer.add(&self.metric, &self.attributes, value);
    }
}

/// Core has a trait for each kind of metric, which differ in the type of values.
macro_rules! record {
    ($base:ident, $method:ident, $value:ty, $number:expr) => {
        impl MetricAttributable<Box<dyn $base>> for Instrument {
            fn with_attributes(
                &self,
                attributes: &MetricAttributes,
            ) -> Result<Box<dyn $base>, Box<dyn std::error::Error>> {
                Ok(Box::new(Recorder {
                    buffer: Arc::clone(&self.buffer),
                    metric: Arc::clone(&self.metric),
                    attributes: Attributes::of(attributes),
                }))
            }
        }

        impl $base for Recorder {
            fn $method(&self, value: $value) {
                let number: fn(&Recorder, $value) -> f64 = $number;
                self.add(number(self, value));
            }
        }
    };
}

record!(CounterBase, adds, u64, |_, value| value as f64);
record!(HistogramBase, records, u64, |_, value| value as f64);
record!(HistogramF64Base, records, f64, |_, value| value);
record!(GaugeBase, records, u64, |_, value| value as f64);
record!(GaugeF64Base, records, f64, |_, value| value);
record!(UpDownCounterBase, adds, i64, |_, value| value as f64);
// The unit is decided when the metric is made.
record!(HistogramDurationBase, records, Duration, |recorder, value| {
    match recorder.metric.kind {
        MetricKind::FloatHistogram => value.as_secs_f64(),
        _ => value.as_millis() as f64,
    }
});
