//! What a metric of the host's own is, and the attributes of its values.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use temporalio_common::telemetry::metrics::{MetricKeyValue, MetricParameters, MetricValue, NewAttributes};

use super::invalid;
use crate::error::Error;

const WHAT: &str = "metric options";

/// A metric of the host's own.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct MetricOptions {
    /// What it does with values.
    pub kind: MetricKind,
    /// Its name, to which the prefix of Core's own metrics is not added.
    name: String,
    /// Unit of its values, for people. Default: none.
    unit: Option<String>,
    /// What it tells, for people. Default: none.
    description: Option<String>,
}

/// What a metric does with values.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum MetricKind {
    /// Adds up whole numbers from 0.
    Counter,
    /// Adds up whole numbers of either sign.
    UpDownCounter,
    /// Counts whole numbers from 0 in buckets.
    Histogram,
    /// Counts numbers in buckets.
    FloatHistogram,
    /// Keeps the last of whole numbers from 0.
    Gauge,
    /// Keeps the last of numbers.
    FloatGauge,
}

impl MetricOptions {
    /// Reads and checks the document of a metric.
    pub fn parse(document: &[u8]) -> Result<Self, Error> {
        let options: Self = super::parse(document, WHAT)?;
        if options.name.is_empty() {
            return Err(invalid(
                &format!("{WHAT}, name"),
                "an empty text; give the metric a name",
            ));
        }
        Ok(options)
    }

    pub fn into_parameters(self) -> MetricParameters {
        MetricParameters::builder()
            .name(self.name)
            .unit(self.unit.unwrap_or_default())
            .description(self.description.unwrap_or_default())
            .build()
    }
}

/// One value of an attribute.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "an attribute must be a text, a number or a boolean")]
enum AttributeValue {
    Text(String),
    Boolean(bool),
    Integer(i64),
    Float(f64),
}

/// Reads the document with the attributes of a value.
pub fn attributes(document: &[u8]) -> Result<NewAttributes, Error> {
    let attributes: BTreeMap<String, AttributeValue> = super::parse(document, "metric attributes")?;
    let attributes = attributes.into_iter().map(|(key, value)| {
        let value = match value {
            AttributeValue::Text(text) => MetricValue::String(text),
            AttributeValue::Boolean(boolean) => MetricValue::Bool(boolean),
            AttributeValue::Integer(integer) => MetricValue::Int(integer),
            AttributeValue::Float(float) => MetricValue::Float(float),
        };
        MetricKeyValue::new(key, value)
    });
    Ok(attributes.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_has_a_kind_and_a_name() {
        let refusal = |document: &str| MetricOptions::parse(document.as_bytes()).unwrap_err().message;
        assert!(refusal("").contains("missing field `kind`"));
        assert!(refusal(r#"{"kind":"counter"}"#).contains("missing field `name`"));
        assert_eq!(
            refusal(r#"{"kind":"counter","name":""}"#),
            "metric options, name: an empty text; give the metric a name"
        );
        assert!(refusal(r#"{"kind":"timer","name":"a"}"#).contains("`timer`"));
    }

    #[test]
    fn attributes_are_texts_numbers_and_booleans() {
        let read = attributes(br#"{"a":"x","b":true,"c":2,"d":0.5}"#).unwrap().attributes;
        assert_eq!(
            read,
            [
                MetricKeyValue::new("a", "x"),
                MetricKeyValue::new("b", true),
                MetricKeyValue::new("c", 2),
                MetricKeyValue::new("d", 0.5),
            ]
        );
        assert!(attributes(b"").unwrap().attributes.is_empty());
        assert_eq!(
            attributes(br#"{"a":{}}"#).unwrap_err().message,
            "metric attributes, a: an attribute must be a text, a number or a boolean"
        );
    }
}
