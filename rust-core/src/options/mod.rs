//! What callers may set. Every options document is UTF-8 JSON of one of the types below; they are the only description
//! of the options: `ts/src/native/options.generated.ts` and `docs/OPTIONS.md` are written from them.

/// Says what options are when they are left out. It stands there alone: code reads `DEFAULTS`, and what TypeScript
/// reads is written from it.
macro_rules! defaults {
    ($options:ident: $defaults:ident { $($field:ident: $type:ty = $value:expr,)* }) => {
        #[doc = concat!("What fields of [`", stringify!($options), "`] are when they are left out.")]
        #[cfg_attr(test, derive(serde::Serialize), serde(rename_all = "camelCase"))]
        pub struct $defaults {
            $(pub $field: $type,)*
        }

        impl $options {
            /// What fields are when they are left out.
            pub const DEFAULTS: $defaults = $defaults { $($field: $value,)* };
        }
    };
}

pub mod client;
pub mod metadata;
pub mod metric;
#[cfg(test)]
mod reference;
pub mod replay;
pub mod rpc;
pub mod runtime;
pub mod slots;
pub mod worker;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use std::time::Duration;

use crate::error::Error;

/// Reads an options document. `what` names it in messages ("client options"). An empty document is
/// `{}`: everything at its default, and an error when something has none.
pub fn parse<T: DeserializeOwned>(document: &[u8], what: &str) -> Result<T, Error> {
    let document = if document.is_empty() { b"{}" } else { document };
    // Serde would read an array as the values of the fields in their order.
    if document.trim_ascii_start().first() == Some(&b'[') {
        return Err(invalid(what, "an array; write an object"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(document);
    let parsed = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let reason = error.into_inner();
        // A fault in the JSON itself is found by its position, a wrong value by its path.
        if reason.is_data() && path != "." {
            let text = reason.to_string();
            let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
            invalid(&format!("{what}, {path}"), text)
        } else {
            invalid(what, &reason.to_string())
        }
    })?;
    deserializer.end().map_err(|error| invalid(what, &error.to_string()))?;
    Ok(parsed)
}

/// An INVALID_OPTIONS error for the value at a path.
pub fn invalid(path: &str, reason: &str) -> Error {
    Error::invalid_options(format!("{path}: {reason}"))
}

/// Refuses a number below its minimum, naming the path.
pub fn at_least(path: &str, value: u64, minimum: u64) -> Result<u64, Error> {
    if value < minimum {
        return Err(invalid(
            path,
            &format!("{value} is too small; at least {minimum} is needed"),
        ));
    }
    Ok(value)
}

/// A duration from whole milliseconds, or the default when it is left out.
pub fn milliseconds(value: Option<u64>, default: u64) -> Duration {
    Duration::from_millis(value.unwrap_or(default))
}

/// Bytes, which JSON carries as standard base64 with padding.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(ts_rs::TS), ts(type = "string"))]
pub struct Base64(pub Vec<u8>);

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let bytes = STANDARD.decode(text.as_bytes()).map_err(|error| {
            serde::de::Error::custom(format!(
                "not standard base64 ({error}); encode the bytes as base64 with padding"
            ))
        })?;
        Ok(Self(bytes))
    }
}

impl std::fmt::Debug for Base64 {
    // Keys and certificates must not end up in a log.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Base64({} bytes)", self.0.len())
    }
}

/// Tells an explicit null (`Some(None)`) from an absent field (`None`, by `#[serde(default)]`).
pub fn nullable<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::{client::ClientOptions, *};
    use crate::status::Status;

    fn refusal(document: &str) -> String {
        let error = parse::<ClientOptions>(document.as_bytes(), "client options").unwrap_err();
        assert_eq!(error.status, Status::InvalidOptions);
        error.message
    }

    #[test]
    fn the_path_of_a_wrong_value_is_named() {
        assert_eq!(
            refusal(r#"{"address":"a:1","tls":{"clientCertificatePair":{"certificate":"QQ=="}}}"#),
            "client options, tls.clientCertificatePair: missing field `privateKey`"
        );
        assert!(
            refusal(r#"{"address":"a:1","retry":{"maxRetries":-1}}"#).starts_with("client options, retry.maxRetries: ")
        );
        let message = refusal(r#"{"address":"a:1","keepAlife":null}"#);
        assert!(
            message.contains("keepAlife") && message.contains("keepAlive"),
            "{message}"
        );
    }

    #[test]
    fn broken_documents_are_refused() {
        assert!(refusal("").contains("missing field `address`"));
        assert!(refusal("{\"address\":\"a:1\"} x").contains("trailing characters at line 1 column 19"));
        assert!(refusal("[").contains("client options: "));
        assert!(parse::<ClientOptions>(b"{\"address\":\"\xff\"}", "client options").is_err());
    }

    #[test]
    fn base64_is_checked_and_never_shown() {
        assert!(
            refusal(r#"{"address":"a:1","tls":{"serverRootCaCertificate":"???"}}"#).contains("not standard base64")
        );
        let secret: Base64 = serde_json::from_str("\"c2VjcmV0\"").unwrap();
        assert_eq!(secret.0, b"secret");
        assert_eq!(format!("{secret:?}"), "Base64(6 bytes)");
    }
}
