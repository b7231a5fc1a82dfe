//! Structured errors: what crosses the border is a JSON document, not a sentence to parse.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Serialize;
use std::any::Any;

use crate::{handle::Kind, status::Status};

/// Why a call or an operation failed.
#[derive(Clone, Debug)]
pub struct Error {
    pub status: Status,
    /// A sentence: what happened, the value, and what to do about it.
    pub message: String,
    /// The gRPC status code, when a server answered with one.
    pub grpc_code: Option<i32>,
    /// The encoded `google.rpc.Status` that came with the gRPC error.
    pub details: Option<Vec<u8>>,
    /// Whether the same call may succeed when it is made again.
    pub retryable: bool,
}

/// The error document as hosts read it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    status: Status,
    code: i32,
    message: &'a str,
    grpc_code: Option<i32>,
    details: Option<String>,
    retryable: bool,
}

impl Error {
    pub fn new(status: Status, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            grpc_code: None,
            details: None,
            retryable: false,
        }
    }

    pub fn invalid_argument(message: impl Into<String>) -> Self {
        Self::new(Status::InvalidArgument, message)
    }

    pub fn invalid_handle(kind: Kind, handle: u64) -> Self {
        Self::new(
            Status::InvalidHandle,
            format!(
                "handle {handle:#x} is not a live {}: it was freed, is of another kind, or was never given out",
                kind.name()
            ),
        )
    }

    pub fn invalid_options(message: impl Into<String>) -> Self {
        Self::new(Status::InvalidOptions, message)
    }

    pub fn closed(message: impl Into<String>) -> Self {
        Self::new(Status::Closed, message)
    }

    pub fn busy(message: impl Into<String>) -> Self {
        Self::new(Status::Busy, message)
    }

    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Status::Internal, message)
    }

    /// From what `catch_unwind` caught.
    pub fn panic(payload: Box<dyn Any + Send>) -> Self {
        let text = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "no message".to_owned());
        Self::new(
            Status::Panic,
            format!("a defect in the native library was caught: {text}; please report it"),
        )
    }

    /// The UTF-8 JSON document that hosts receive.
    pub fn document(&self) -> Vec<u8> {
        let document = Document {
            status: self.status,
            code: self.status as i32,
            message: &self.message,
            grpc_code: self.grpc_code,
            details: self.details.as_ref().map(|bytes| STANDARD.encode(bytes)),
            retryable: self.retryable,
        };
        serde_json::to_vec(&document).expect("strings and numbers always serialise")
    }

    /// The document with one field more.
    pub fn document_with(&self, name: &str, value: serde_json::Value) -> Vec<u8> {
        let mut document: serde_json::Value = serde_json::from_slice(&self.document()).expect("it was just made");
        document[name] = value;
        document.to_string().into_bytes()
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn document_has_every_field() {
        let mut error = Error::new(Status::RpcFailed, "no \"such\" workflow");
        error.grpc_code = Some(5);
        error.details = Some(vec![8, 5]);
        let document: serde_json::Value = serde_json::from_slice(&error.document()).unwrap();
        assert_eq!(
            document,
            serde_json::json!({
                "status": "RPC_FAILED", "code": 9, "message": "no \"such\" workflow",
                "grpcCode": 5, "details": "CAU=", "retryable": false,
            })
        );
    }

    #[test]
    fn panic_keeps_the_message() {
        let caught = std::panic::catch_unwind(|| panic!("index {}", 7)).unwrap_err();
        assert!(Error::panic(caught).message.contains("index 7"));
    }
}
