//! The one status enum that every function of the C surface returns.

use serde::Serialize;

/// What a call came to. Every function returns one; an event of a failed operation carries one.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// The call did what it says.
    Ok = 0,
    /// An argument is unusable: NULL where something is needed, text that is not UTF-8, bytes that are not the protobuf
    /// message asked for.
    InvalidArgument = 1,
    /// The handle is 0, was freed, is of another kind or was never given out by this library.
    InvalidHandle = 2,
    /// The options document is not JSON, has an unknown field or an unusable value; the message names the path.
    InvalidOptions = 3,
    /// The object was shut down or its queue was freed, so the call can no longer do anything.
    Closed = 4,
    /// The object is in use in a way that excludes this call.
    Busy = 5,
    /// The time allowed passed first.
    TimedOut = 6,
    /// The call was cancelled by the host.
    Cancelled = 7,
    /// The server could not be reached, or it refused the connection.
    ConnectionFailed = 8,
    /// The server answered with a gRPC error; the error document has its code and details.
    RpcFailed = 9,
    /// The worker cannot go on: validation, polling or a completion failed.
    WorkerFailed = 10,
    /// Something failed that is neither the host's nor the server's doing.
    Internal = 11,
    /// A defect in this library was caught at its border. The object involved should be freed.
    Panic = 12,
}
