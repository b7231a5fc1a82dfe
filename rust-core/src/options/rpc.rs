//! Options of one RPC.

use serde::Deserialize;
use std::time::Duration;
use temporal_bun_rpc::Call;

use super::{
    at_least, metadata,
    metadata::{BinaryMetadata, Metadata},
};
use crate::error::Error;

const WHAT: &str = "call options";

defaults!(RpcOptions: RpcDefaults {
    retry: bool = true,
});

/// Options of one RPC.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct RpcOptions {
    /// How long the whole call may take, retries included. Absent: 30 seconds for each attempt, 70
    /// for a long poll, and the client's retry options bound the rest.
    timeout_ms: Option<u64>,
    /// Whether failures that may pass are retried, as the client's `retry` options say. Default true.
    retry: Option<bool>,
    /// Text metadata to send with this call, over what the client sends under the same name.
    metadata: Option<Metadata>,
    /// Binary metadata to send with this call; names end in `-bin`.
    binary_metadata: Option<BinaryMetadata>,
}

impl RpcOptions {
    /// Reads and checks the document of a call; empty means defaults.
    pub fn parse(document: &[u8]) -> Result<Call, Error> {
        if document.is_empty() {
            return Ok(Call::default());
        }
        let options: Self = super::parse(document, WHAT)?;
        if let Some(timeout) = options.timeout_ms {
            at_least(&format!("{WHAT}, timeoutMs"), timeout, 1)?;
        }
        Ok(Call {
            timeout: options.timeout_ms.map(Duration::from_millis),
            no_retry: !options.retry.unwrap_or(Self::DEFAULTS.retry),
            metadata: metadata::to_map(
                WHAT,
                &options.metadata.unwrap_or_default(),
                &options.binary_metadata.unwrap_or_default(),
            )?,
        })
    }
}

/// New metadata for a client. Each part that is present replaces what the client sent until now.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct MetadataOptions {
    /// Text metadata to send with every call from now on.
    pub metadata: Option<Metadata>,
    /// Binary metadata to send with every call from now on; names end in `-bin`.
    pub binary_metadata: Option<BinaryMetadata>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_and_values() {
        let call = RpcOptions::parse(b"").unwrap();
        assert!(call.timeout.is_none() && !call.no_retry && call.metadata.is_empty());
        let call = RpcOptions::parse(br#"{"timeoutMs":250,"retry":false,"metadata":{"a":"b"}}"#).unwrap();
        assert_eq!(call.timeout, Some(Duration::from_millis(250)));
        assert!(call.no_retry);
        assert_eq!(call.metadata.get("a").unwrap(), "b");
    }

    #[test]
    fn no_time_at_all_is_refused() {
        assert_eq!(
            RpcOptions::parse(br#"{"timeoutMs":0}"#).unwrap_err().message,
            "call options, timeoutMs: 0 is too small; at least 1 is needed"
        );
    }
}
