//! Every unary RPC of Temporal's services, by name: bytes in, bytes out; and connections, which make them.
//!
//! A crate of its own because it is most of the code that is compiled, and hardly ever changes. It compiles at the same
//! time as Core's crate for Workers, which it doesn't need.

mod table;

use futures_util::{FutureExt, future::BoxFuture};
use prost::{DecodeError, Message};
use std::time::Duration;
use temporalio_client::{
    Connection, ConnectionOptions, RetryOptions, errors::ClientConnectError, request_extensions::RetryConfigForCall,
};
use tonic::{Extensions, Request, Response, metadata::MetadataMap};

pub use table::{CLOUD, HEALTH, OPERATOR, TEST, WORKFLOW};

/// How a call is made.
#[derive(Debug, Default)]
pub struct Call {
    /// How long an attempt may take; the server is told. Absent: what Core uses for the RPC.
    pub timeout: Option<Duration>,
    /// Makes one attempt only.
    pub no_retry: bool,
    /// Sent with the call, over what the connection sends under the same name.
    pub metadata: MetadataMap,
}

/// The encoded response to come.
pub type Answer = BoxFuture<'static, Result<Vec<u8>, tonic::Status>>;

/// One RPC.
pub struct Entry {
    /// Its name in the `.proto` file.
    pub name: &'static str,
    /// Decodes the request and prepares the call; the future makes it.
    pub call: fn(Connection, &[u8], Call) -> Result<Answer, DecodeError>,
}

/// Connects. It is here because a connection has the code of all RPCs in it, which is compiled where this is polled.
#[inline(never)]
pub fn connect(options: ConnectionOptions) -> BoxFuture<'static, Result<Connection, ClientConnectError>> {
    Connection::connect(options).boxed()
}

/// What every entry does. The methods are those of the service traits on `Connection`, which retry; its
/// `workflow_service()` and the like would not.
fn unary<Req, Resp, F>(mut connection: Connection, message: &[u8], call: Call, method: F) -> Result<Answer, DecodeError>
where
    Req: Message + Default + 'static,
    Resp: Message + 'static,
    F: for<'a> FnOnce(&'a mut Connection, Request<Req>) -> BoxFuture<'a, Result<Response<Resp>, tonic::Status>>
        + Send
        + 'static,
{
    let mut request = Request::from_parts(call.metadata, Extensions::default(), Req::decode(message)?);
    if let Some(timeout) = call.timeout {
        request.set_timeout(timeout);
    }
    if call.no_retry {
        request
            .extensions_mut()
            .insert(RetryConfigForCall(RetryOptions::no_retries()));
    }
    Ok(async move { Ok(method(&mut connection, request).await?.into_inner().encode_to_vec()) }.boxed())
}
