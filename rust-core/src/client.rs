//! Clients: connections to a server.

use std::{error::Error as StdError, sync::Arc, time::Duration};
use temporalio_client::{Connection, ConnectionOptions, errors::ClientConnectError};

use crate::{
    error::Error,
    event::{Event, EventKind},
    guard,
    handle::{BytesHandle, ClientHandle, Kind, QueueHandle, RuntimeHandle, Table},
    input,
    options::{self, client::ClientOptions, metadata, rpc::MetadataOptions},
    rpc,
    runtime::{self, Reply, Runtime},
    status::Status,
};

/// A connection and the runtime it lives on.
pub struct Client {
    pub connection: Connection,
    pub runtime: Arc<Runtime>,
}

pub static TABLE: Table<Client> = Table::new(Kind::Client);

/// Connects, within the time the options allow.
async fn connect(options: ConnectionOptions) -> Result<Connection, Error> {
    let address = address(&options);
    let speaks_tls = options.tls_options.is_some();
    let limit = options.connect_timeout.unwrap_or(Duration::MAX);
    match tokio::time::timeout(limit, temporal_bun_rpc::connect(options)).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(error)) => Err(explain(&address, speaks_tls, &error)),
        Err(_) => Err(connection_failed(format!(
            "cannot connect to {address}: no answer within {} ms (connectTimeoutMs); check that the address is right and the server is up",
            limit.as_millis()
        ))),
    }
}

/// The address as people write it.
fn address(options: &ConnectionOptions) -> String {
    let host = options.target.host_str().unwrap_or_default();
    let port = options.target.port_or_known_default().unwrap_or_default();
    match &options.http_connect_proxy {
        Some(proxy) => format!("{host}:{port} through the proxy {}", proxy.target_addr),
        None => format!("{host}:{port}"),
    }
}

fn connection_failed(message: String) -> Error {
    Error {
        retryable: true,
        ..Error::new(Status::ConnectionFailed, message)
    }
}

/// Says what kept the connection from being made, and what to do about it.
fn explain(address: &str, speaks_tls: bool, error: &ClientConnectError) -> Error {
    let causes = causes(error);
    if let ClientConnectError::SystemInfoCallError(status) = error
        && !is_transport(status)
    {
        let failure = rpc::failed(status);
        return Error {
            status: Status::ConnectionFailed,
            message: format!("{address} refused the first call (GetSystemInfo): {}", failure.message),
            ..failure
        };
    }
    let has = |text: &str| causes.contains(text);
    let closed = [
        "broken pipe",
        "connection closed",
        "connection reset",
        "closed before",
        // How a server with TLS 1.3 refuses a client's certificate when the connection ends before its alert is read.
        "without sending TLS close_notify",
    ]
    .iter()
    .any(|text| has(text));
    let advice = if has("Error parsing TLS") || has("invalid PEM") {
        "the certificates and the key under tls must be PEM text"
    } else if speaks_tls && (has("InvalidContentType") || has("corrupt message")) {
        "TLS mismatch: the client speaks TLS but this server does not; set tls to null, or use the server's TLS port"
    } else if has("invalid peer certificate") || has("certificate not valid for name") {
        "TLS: the server's certificate is not accepted; set tls.serverRootCaCertificate to the authority that signed it and tls.serverName to the name it is for"
    } else if has("KeyMismatch") {
        "TLS: set tls.clientCertificatePair.privateKey to the key that tls.clientCertificatePair.certificate was made for"
    } else if has("CONNECT call failed") {
        "the proxy refused; check httpConnectProxy and its basicAuth"
    } else if speaks_tls && (closed || has("alert")) {
        "TLS: the server ended the connection; when it wants a client certificate, set tls.clientCertificatePair to one that it accepts"
    } else if !speaks_tls && (closed || has("FRAME_SIZE_ERROR") || has("http2 error")) {
        "TLS mismatch is likely: the server does not take plain HTTP/2, so it may want TLS; set tls to {}"
    } else {
        "check that the address is right and the server is up"
    };
    connection_failed(format!("cannot connect to {address}: {causes}; {advice}"))
}

fn is_transport(status: &tonic::Status) -> bool {
    StdError::source(status).is_some()
}

/// The messages of an error and all that caused it, each once.
fn causes(error: &ClientConnectError) -> String {
    let mut next: Option<&dyn StdError> = match error {
        ClientConnectError::TonicTransportError(error) => Some(error),
        ClientConnectError::SystemInfoCallError(status) => StdError::source(status),
        other => Some(other),
    };
    let mut text = String::new();
    while let Some(error) = next {
        let message = error.to_string();
        if !text.contains(&message) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&message);
        }
        next = error.source();
    }
    text
}

/// Connects to a server. The outcome is a CLIENT_CONNECTED event with `token` on `queue`, whose
/// `object` is the client (to be freed with `temporal_core_client_free`), or an error document.
///
/// `options` is a JSON document (ClientOptions), read before this returns. The attempt is over within
/// its `connectTimeoutMs`. CONNECTION_FAILED names the address and what went wrong.
///
/// Any thread may call this. At once: INVALID_OPTIONS (the message names the path), INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn temporal_core_client_connect(
    runtime: RuntimeHandle,
    queue: QueueHandle,
    token: u64,
    options: *const u8,
    options_length: usize,
    out_error: *mut BytesHandle,
) -> Status {
    guard::with(&runtime::TABLE, runtime, out_error, |runtime| {
        let reply = Reply::new(queue, token, EventKind::ClientConnected)?;
        // SAFETY: the header asks for readable bytes during the call.
        let options = ClientOptions::parse(unsafe { input::bytes(options, options_length, "options")? })?;
        let options = options.into_core(runtime.core.telemetry().get_temporal_metric_meter())?;
        let own = Arc::clone(&runtime);
        runtime.spawn_reply(reply, async move {
            let connection = connect(options).await?;
            let client = Arc::new(Client {
                connection,
                runtime: own,
            });
            Ok(Event::object(token, EventKind::ClientConnected, &TABLE, client))
        });
        Ok(())
    })
}

/// Changes the metadata that a client sends with every call from now on.
///
/// `options` is a JSON document (MetadataOptions); a part of it that is absent leaves what is sent.
/// The client's workers send the new metadata too.
///
/// Any thread may call this. INVALID_OPTIONS names the path of what cannot be sent, and nothing is
/// changed then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn temporal_core_client_update_metadata(
    client: ClientHandle,
    options: *const u8,
    options_length: usize,
    out_error: *mut BytesHandle,
) -> Status {
    guard::with(&TABLE, client, out_error, |client| {
        const WHAT: &str = "metadata options";
        // SAFETY: the header asks for readable bytes during the call.
        let options: MetadataOptions =
            options::parse(unsafe { input::bytes(options, options_length, "options")? }, WHAT)?;
        let none = (Default::default(), Default::default());
        // Checked whole before either part is set.
        metadata::to_map(
            WHAT,
            options.metadata.as_ref().unwrap_or(&none.0),
            options.binary_metadata.as_ref().unwrap_or(&none.1),
        )?;
        let refused = |error: temporalio_client::errors::InvalidHeaderError| options::invalid(WHAT, &error.to_string());
        if let Some(metadata) = options.metadata {
            client.connection.set_headers(metadata).map_err(refused)?;
        }
        if let Some(metadata) = options.binary_metadata {
            client
                .connection
                .set_binary_headers(metadata::to_bytes(metadata))
                .map_err(refused)?;
        }
        Ok(())
    })
}

/// Changes the API key that a client sends from now on; length 0 sends none. A key does not turn TLS
/// on here: that is settled when the client connects.
///
/// Any thread may call this. INVALID_ARGUMENT when the key cannot be sent as a header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn temporal_core_client_update_api_key(
    client: ClientHandle,
    key: *const u8,
    key_length: usize,
    out_error: *mut BytesHandle,
) -> Status {
    guard::with(&TABLE, client, out_error, |client| {
        // SAFETY: the header asks for readable bytes during the call.
        let key = unsafe { input::text(key, key_length, "key")? };
        metadata::header_text("key", key).map_err(|error| Error::invalid_argument(error.message))?;
        client.connection.set_api_key((!key.is_empty()).then(|| key.to_owned()));
        Ok(())
    })
}

/// Gives up a client. Calls under way are answered all the same, and workers made from it go on; the
/// connection is closed when the last of them is done.
///
/// Any thread may call this; it does not wait. INVALID_HANDLE when the handle is stale.
#[unsafe(no_mangle)]
pub extern "C" fn temporal_core_client_free(client: ClientHandle) -> Status {
    guard::free(&TABLE, client, drop)
}
