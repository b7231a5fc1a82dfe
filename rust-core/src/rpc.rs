//! One generic call for all RPCs of all services: bytes in, bytes out.

use std::{sync::Arc, time::Duration};
use temporal_bun_rpc::{Answer, Entry};

use crate::{
    cancellation::{self, Cancellation},
    client,
    error::Error,
    event::EventKind,
    guard,
    handle::{BytesHandle, CancellationHandle, ClientHandle, QueueHandle},
    input,
    options::rpc::RpcOptions,
    runtime::Reply,
    status::Status,
};

/// The gRPC services of a Temporal server.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// `temporal.api.workflowservice.v1.WorkflowService`
    Workflow = 1,
    /// `temporal.api.operatorservice.v1.OperatorService`
    Operator = 2,
    /// `temporal.api.cloud.cloudservice.v1.CloudService`
    Cloud = 3,
    /// `temporal.api.testservice.v1.TestService`
    Test = 4,
    /// `grpc.health.v1.Health`
    Health = 5,
}

/// References to the tables, because their values would be copied into this crate, and all code of all RPCs be compiled
/// once more for the copies.
static SERVICES: [(Service, &&[Entry]); 5] = [
    (Service::Workflow, &temporal_bun_rpc::WORKFLOW),
    (Service::Operator, &temporal_bun_rpc::OPERATOR),
    (Service::Cloud, &temporal_bun_rpc::CLOUD),
    (Service::Test, &temporal_bun_rpc::TEST),
    (Service::Health, &temporal_bun_rpc::HEALTH),
];

/// Finds an RPC; an unknown one is answered with the nearest name.
fn find(service: u32, name: &str) -> Result<&'static Entry, Error> {
    let (service, entries) = SERVICES
        .iter()
        .find(|(known, _)| *known as u32 == service)
        .ok_or_else(|| {
            Error::invalid_argument(format!(
                "there is no service {service}; the services are 1 (workflow), 2 (operator), 3 (cloud), 4 (test) and 5 (health)"
            ))
        })?;
    entries
        .binary_search_by_key(&name, |entry| entry.name)
        .map(|index| &entries[index])
        .map_err(|_| {
            let nearest = SERVICES
                .iter()
                .flat_map(|(service, entries)| entries.iter().map(move |entry| (service, entry.name)))
                .min_by_key(|(other, known)| {
                    let is_part = known.to_ascii_lowercase().contains(&name.to_ascii_lowercase());
                    (!is_part, distance(name, known), *other != service)
                })
                .expect("there are RPCs");
            let place = if nearest.0 == service {
                String::new()
            } else {
                format!(" of the {:?} service", nearest.0)
            };
            Error::invalid_argument(format!(
                "the {service:?} service has no unary RPC {name:?}; is {}{place} meant?",
                nearest.1
            ))
        })
}

/// How many letters must be changed, added or removed to make one name of the other, whatever their case.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<u8> = right.bytes().map(|byte| byte.to_ascii_lowercase()).collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    // A name is never long; more than this cannot be near one.
    for (position, byte) in left.bytes().take(200).enumerate() {
        let mut diagonal = row[0];
        row[0] = position + 1;
        for (index, other) in right.iter().enumerate() {
            let changed = diagonal + usize::from(byte.to_ascii_lowercase() != *other);
            diagonal = row[index + 1];
            row[index + 1] = changed.min(row[index] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

/// What a gRPC error is to a host. Core has retried by then, if retries were asked for.
pub fn failed(status: &tonic::Status) -> Error {
    use tonic::Code;
    // When the time of an attempt is up on this side, tonic says that it was cancelled; nobody did that.
    if status.code() == Code::Cancelled && status.message() == "Timeout expired" {
        return failed(&tonic::Status::deadline_exceeded("the call was not answered in time"));
    }
    // A connection that breaks before the request is written ends it as cancelled too; a server's own status has no
    // source.
    let code = match status.code() {
        Code::Cancelled if std::error::Error::source(status).is_some() => Code::Unavailable,
        code => code,
    };
    let mut message = match status.message() {
        "" => status.code().description().to_owned(),
        message => message.to_owned(),
    };
    // A transport error says little itself; what broke is in its sources.
    let mut source = std::error::Error::source(status);
    while let Some(cause) = source {
        let text = cause.to_string();
        if !message.contains(&text) {
            message = format!("{message}: {text}");
        }
        source = cause.source();
    }
    Error {
        grpc_code: Some(code as i32),
        details: (!status.details().is_empty()).then(|| status.details().to_vec()),
        retryable: matches!(
            code,
            Code::DataLoss
                | Code::Internal
                | Code::Unknown
                | Code::ResourceExhausted
                | Code::Aborted
                | Code::OutOfRange
                | Code::Unavailable
        ),
        ..Error::new(Status::RpcFailed, message)
    }
}

/// The limit of one attempt, which races with that of the call, ends in tonic's CANCELLED, though nobody cancelled.
fn deadline_of_attempt(status: tonic::Status, name: &str) -> tonic::Status {
    if status.code() == tonic::Code::Cancelled && status.message() == "Timeout expired" {
        return tonic::Status::deadline_exceeded(format!("{name} was not answered in time"));
    }
    status
}

/// Waits for the answer, the deadline of the whole call or its cancellation.
async fn finish(
    answer: Answer,
    name: &'static str,
    call_timeout: Option<Duration>,
    cancellation: Option<Arc<Cancellation>>,
) -> Result<Vec<u8>, Error> {
    let answered = async {
        match call_timeout {
            None => answer.await,
            Some(timeout) => tokio::time::timeout(timeout, answer).await.unwrap_or_else(|_| {
                Err(tonic::Status::deadline_exceeded(format!(
                    "{name} was not answered within {} ms",
                    timeout.as_millis()
                )))
            }),
        }
        .map_err(|status| failed(&deadline_of_attempt(status, name)))
    };
    let Some(cancellation) = cancellation else {
        return answered.await;
    };
    tokio::select! {
        biased;
        outcome = answered => outcome,
        () = cancellation.cancelled() => Err(Error {
            grpc_code: Some(tonic::Code::Cancelled as i32),
            ..Error::new(Status::Cancelled, format!("{name} was cancelled by the caller"))
        }),
    }
}

/// Calls an RPC of the server. Its outcome is an RPC_RESPONSE event with `token` on `queue`: the data is
/// the encoded response message, or an error document.
///
/// `service` is a TemporalCoreService. `rpc` is the name in the `.proto` file, such as
/// `StartWorkflowExecution`; streaming RPCs are not offered. `request` is the encoded request message; it
/// is decoded before this returns. `options` is a JSON document (RpcOptions), or empty for defaults.
/// `cancellation` is a cancellation handle or 0. Everything is copied.
///
/// A gRPC error makes status RPC_FAILED with the code in `grpcCode` and the encoded google.rpc.Status in
/// `details`; so does a deadline that passed (code 4). Cancelling makes CANCELLED (code 1); the server
/// may or may not have acted then. A workflow started with `request_eager_execution` gets its first task
/// straight to a worker of this client, when one has a free slot.
///
/// Any thread may call this. At once: INVALID_ARGUMENT when the service or the RPC is unknown (the
/// message has the nearest name) or the request cannot be decoded, INVALID_OPTIONS, INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn temporal_core_client_rpc(
    client: ClientHandle,
    queue: QueueHandle,
    token: u64,
    service: u32,
    rpc: *const u8,
    rpc_length: usize,
    request: *const u8,
    request_length: usize,
    options: *const u8,
    options_length: usize,
    cancellation: CancellationHandle,
    out_error: *mut BytesHandle,
) -> Status {
    guard::with(&client::TABLE, client, out_error, |client| {
        let reply = Reply::new(queue, token, EventKind::RpcResponse)?;
        // SAFETY: the header asks for readable bytes behind the three pairs during the call.
        let (rpc, request, options) = unsafe {
            (
                input::text(rpc, rpc_length, "rpc")?,
                input::bytes(request, request_length, "request")?,
                input::bytes(options, options_length, "options")?,
            )
        };
        let entry = find(service, rpc)?;
        let call = RpcOptions::parse(options)?;
        let timeout = call.timeout;
        let cancellation = match cancellation {
            0 => None,
            handle => Some(cancellation::TABLE.get(handle)?),
        };
        let answer = (entry.call)(client.connection.clone(), request, call).map_err(|error| {
            Error::invalid_argument(format!("the request is not an encoded message of {rpc}: {error}"))
        })?;
        let runtime = Arc::clone(&client.runtime);
        runtime.spawn_reply(reply.clone(), async move {
            // The connection lives on the runtime, which the client keeps.
            let _client = client;
            Ok(reply.ok(finish(answer, entry.name, timeout, cancellation).await?))
        });
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::Message;

    #[test]
    fn tables_are_sorted() {
        for (service, entries) in SERVICES {
            assert!(
                entries.is_sorted_by(|left, right| left.name < right.name),
                "{service:?}"
            );
        }
        assert_eq!(SERVICES.iter().map(|(_, entries)| entries.len()).sum::<usize>(), 218);
    }

    #[test]
    fn an_unknown_rpc_is_answered_with_a_near_name() {
        let message = |service, name| find(service, name).err().unwrap().message;
        assert_eq!(
            message(1, "startWorkflowExecution"),
            "the Workflow service has no unary RPC \"startWorkflowExecution\"; is StartWorkflowExecution meant?"
        );
        assert!(message(1, "StartWorkflow").contains("is StartWorkflowExecution meant"));
        assert!(message(1, "AddSearchAttribute").contains("AddSearchAttributes of the Operator service"));
        assert!(message(5, "Watch").contains("no unary RPC"));
        assert!(message(9, "Check").contains("no service 9"));
        assert!(message(1, &"x".repeat(100_000)).contains("is "));
    }

    #[test]
    fn only_a_server_says_cancelled() {
        let mut broken = tonic::Status::cancelled("operation was canceled");
        assert_eq!(failed(&broken).grpc_code, Some(tonic::Code::Cancelled as i32));
        broken.set_source(Arc::new(std::io::Error::other("connection closed")));
        let error = failed(&broken);
        assert_eq!(error.grpc_code, Some(tonic::Code::Unavailable as i32));
        assert!(error.retryable);
        assert_eq!(error.message, "operation was canceled: connection closed");
    }

    /// The unary RPCs of a service, sorted.
    fn unary_rpcs(files: &prost_types::FileDescriptorSet, service: &str) -> Vec<String> {
        let (package, name) = service.rsplit_once('.').unwrap();
        let mut names: Vec<String> = files
            .file
            .iter()
            .filter(|file| file.package() == package)
            .flat_map(|file| &file.service)
            .filter(|service| service.name() == name)
            .flat_map(|service| &service.method)
            .filter(|method| !method.client_streaming() && !method.server_streaming())
            .map(|method| method.name().to_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn no_rpc_of_the_proto_files_is_missing() {
        let descriptors: &[u8] = include_bytes!(env!("TEMPORAL_PROTO_DESCRIPTORS"));
        let files = prost_types::FileDescriptorSet::decode(descriptors).unwrap();
        for (service, entries) in [
            (
                "temporal.api.workflowservice.v1.WorkflowService",
                temporal_bun_rpc::WORKFLOW,
            ),
            (
                "temporal.api.operatorservice.v1.OperatorService",
                temporal_bun_rpc::OPERATOR,
            ),
            (
                "temporal.api.cloud.cloudservice.v1.CloudService",
                temporal_bun_rpc::CLOUD,
            ),
            ("temporal.api.testservice.v1.TestService", temporal_bun_rpc::TEST),
            ("grpc.health.v1.Health", temporal_bun_rpc::HEALTH),
        ] {
            let listed: Vec<_> = entries.iter().map(|entry| entry.name).collect();
            assert_eq!(listed, unary_rpcs(&files, service), "{service}");
        }
    }

    #[test]
    fn distances() {
        assert_eq!(distance("Check", "check"), 0);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
