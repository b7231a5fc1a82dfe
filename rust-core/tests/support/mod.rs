//! A host in Rust that, as hosts do, sees this library through its C functions and its events alone.

#![allow(dead_code)] // Each test program uses a part.

pub mod process;
pub mod protos;
pub mod rig;
pub mod server;

use serde_json::Value;
use std::{
    collections::VecDeque,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};
use temporal_bun_core::{
    bytes, client,
    event::{EventKind, RawEvent},
    queue, rpc, runtime,
    status::Status,
    worker::exports as worker,
};

/// Long enough for a busy machine; a test that waits this long has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// An event, copied.
#[derive(Debug)]
pub struct Event {
    pub token: u64,
    pub kind: u32,
    pub status: i32,
    pub data: Vec<u8>,
    pub object: u64,
}

impl Event {
    pub fn is(&self, kind: EventKind) -> bool {
        self.kind == kind as u32
    }

    /// The data of an event that succeeded.
    #[track_caller]
    pub fn ok(self) -> Vec<u8> {
        assert_eq!(
            self.status,
            Status::Ok as i32,
            "{}",
            String::from_utf8_lossy(&self.data)
        );
        self.data
    }

    /// The error document of an event that failed as expected.
    #[track_caller]
    pub fn error(self, status: Status) -> Value {
        let text = String::from_utf8_lossy(&self.data);
        assert_eq!(self.status, status as i32, "{text}");
        let document: Value = serde_json::from_str(&text).expect("the data of a failed event is an error document");
        assert_eq!(document["code"], status as i32);
        document
    }
}

/// What a call returned: OK, or the status and the error document.
#[track_caller]
pub fn outcome(call: impl FnOnce(*mut u64) -> Status) -> Result<(), (Status, Value)> {
    let mut error = u64::MAX;
    let status = call(&mut error);
    if status == Status::Ok {
        assert_eq!(error, 0, "out_error is 0 after success");
        return Ok(());
    }
    let (mut data, mut length) = (std::ptr::null(), 0);
    // SAFETY: both places are writable, and the bytes are alive until they are freed below.
    let document = unsafe {
        assert_eq!(
            bytes::temporal_core_bytes_read(error, &mut data, &mut length),
            Status::Ok
        );
        serde_json::from_slice(std::slice::from_raw_parts(data, length)).expect("errors are JSON documents")
    };
    assert_eq!(bytes::temporal_core_bytes_free(error), Status::Ok);
    Err((status, document))
}

/// The message of a call that failed as expected.
#[track_caller]
pub fn refusal(status: Status, call: impl FnOnce(*mut u64) -> Status) -> String {
    let (actual, document) = outcome(call).expect_err("the call was expected to fail");
    assert_eq!(actual, status, "{document}");
    document["message"].as_str().expect("errors have messages").to_owned()
}

/// A queue and what came from it but was not asked for yet.
pub struct Queue {
    pub handle: u64,
    waiting: VecDeque<Event>,
}

impl Queue {
    pub fn new() -> Self {
        let mut handle = 0;
        // SAFETY: the place is writable; no descriptor is asked for.
        let status = unsafe { queue::temporal_core_queue_new(&mut handle, std::ptr::null_mut()) };
        assert_eq!(status, Status::Ok);
        Self {
            handle,
            waiting: VecDeque::new(),
        }
    }

    fn drain(&mut self) {
        const CAPACITY: usize = 16;
        let mut events = [const { std::mem::MaybeUninit::<RawEvent>::uninit() }; CAPACITY];
        let mut count = 0;
        // SAFETY: the array has `CAPACITY` places, and the first `count` are written.
        unsafe {
            let first = events.as_mut_ptr().cast();
            let status =
                queue::temporal_core_queue_drain(self.handle, first, size_of::<RawEvent>(), CAPACITY, &mut count);
            assert_eq!(status, Status::Ok);
            for event in &events[..count] {
                let event = event.assume_init();
                let data = match event.length {
                    0 => Vec::new(),
                    length => std::slice::from_raw_parts(event.data, length).to_vec(),
                };
                self.waiting.push_back(Event {
                    token: event.token,
                    kind: event.kind,
                    status: event.status,
                    data,
                    object: event.object,
                });
            }
        }
    }

    /// The next event that fits, within the time given; the others stay.
    pub fn wait(&mut self, patience: Duration, fits: impl Fn(&Event) -> bool) -> Option<Event> {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(position) = self.waiting.iter().position(&fits) {
                return self.waiting.remove(position);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            match queue::temporal_core_queue_wait(self.handle, left.as_millis() as u32) {
                Status::Ok => self.drain(),
                Status::TimedOut => {}
                status => panic!("the queue said {status:?}"),
            }
        }
    }

    /// The next event that fits; it comes.
    #[track_caller]
    pub fn expect(&mut self, what: &str, fits: impl Fn(&Event) -> bool) -> Event {
        match self.wait(PATIENCE, fits) {
            Some(event) => event,
            None => panic!("{what} did not come; what came: {:?}", self.waiting),
        }
    }

    #[track_caller]
    pub fn of_kind(&mut self, kind: EventKind) -> Event {
        self.expect(&format!("an event of kind {kind:?}"), |event| event.is(kind))
    }

    #[track_caller]
    pub fn with_token(&mut self, token: u64) -> Event {
        self.expect(&format!("an event with token {token}"), |event| event.token == token)
    }

    pub fn free(self) {
        assert_eq!(queue::temporal_core_queue_free(self.handle), Status::Ok);
    }
}

static NEXT_TOKEN: AtomicU64 = AtomicU64::new(1);

pub fn token() -> u64 {
    NEXT_TOKEN.fetch_add(1, Ordering::Relaxed)
}

/// A runtime and a queue.
pub struct Host {
    pub runtime: u64,
    pub queue: Queue,
}

impl Host {
    pub fn new() -> Self {
        let options = r#"{"threads":2,"logging":null,"workerHeartbeatIntervalMs":null}"#;
        let mut runtime = 0;
        // SAFETY: the options outlive the call and the place is writable.
        outcome(|error| unsafe {
            runtime::temporal_core_runtime_new(options.as_ptr(), options.len(), &mut runtime, error)
        })
        .unwrap();
        Self {
            runtime,
            queue: Queue::new(),
        }
    }

    /// Starts to connect; the event will have the token.
    pub fn start_connect(&self, options: &str) -> Result<u64, (Status, Value)> {
        let token = token();
        // SAFETY: the options outlive the call.
        outcome(|error| unsafe {
            client::temporal_core_client_connect(
                self.runtime,
                self.queue.handle,
                token,
                options.as_ptr(),
                options.len(),
                error,
            )
        })
        .map(|()| token)
    }

    /// Connects and waits for the outcome.
    #[track_caller]
    pub fn connect_with(&mut self, options: &str) -> Event {
        let token = self.start_connect(options).unwrap();
        let event = self.queue.with_token(token);
        assert!(event.is(EventKind::ClientConnected));
        event
    }

    #[track_caller]
    pub fn connect(&mut self, address: &str) -> u64 {
        let event = self.connect_with(&format!(r#"{{"address":"{address}","identity":"test"}}"#));
        assert_eq!(event.status, 0, "{}", String::from_utf8_lossy(&event.data));
        assert_ne!(event.object, 0);
        event.object
    }

    /// Starts an RPC; the event will have the token.
    pub fn start_rpc(&self, call: &Call<'_>) -> Result<u64, (Status, Value)> {
        let token = token();
        // SAFETY: name, request and options outlive the call.
        outcome(|error| unsafe {
            rpc::temporal_core_client_rpc(
                call.client,
                self.queue.handle,
                token,
                call.service as u32,
                call.name.as_ptr(),
                call.name.len(),
                call.request.as_ptr(),
                call.request.len(),
                call.options.as_ptr(),
                call.options.len(),
                call.cancellation,
                error,
            )
        })
        .map(|()| token)
    }

    /// Calls an RPC and waits for the outcome.
    #[track_caller]
    pub fn rpc(&mut self, call: &Call<'_>) -> Event {
        let token = self.start_rpc(call).unwrap();
        let event = self.queue.with_token(token);
        assert!(event.is(EventKind::RpcResponse));
        event
    }

    /// Calls an RPC of the workflow service that succeeds.
    #[track_caller]
    pub fn workflow_rpc<Request: prost::Message, Response: prost::Message + Default>(
        &mut self,
        client: u64,
        name: &str,
        request: &Request,
    ) -> Response {
        let event = self.rpc(&Call {
            request: &request.encode_to_vec(),
            ..Call::new(client, name)
        });
        Response::decode(event.ok().as_slice()).unwrap()
    }

    /// Makes a worker.
    #[track_caller]
    pub fn worker(&self, client: u64, options: &str) -> u64 {
        let mut worker = 0;
        // SAFETY: the options outlive the call and the place is writable.
        outcome(|error| unsafe {
            worker::temporal_core_worker_new(client, options.as_ptr(), options.len(), &mut worker, error)
        })
        .unwrap();
        worker
    }

    /// Starts a worker with this host's queue for everything.
    #[track_caller]
    pub fn start(&self, worker: u64) -> u64 {
        let token = token();
        let queue = self.queue.handle;
        // SAFETY: there is one queue behind the pointer.
        outcome(|error| unsafe { worker::temporal_core_worker_start(worker, &queue, 1, queue, queue, token, error) })
            .unwrap();
        token
    }

    /// Completes an activation; the event will have the token.
    pub fn complete_activation(&self, worker: u64, token: u64, data: &[u8]) -> Result<(), (Status, Value)> {
        // SAFETY: the data outlives the call.
        outcome(|error| unsafe {
            worker::temporal_core_worker_complete_workflow_activation(
                worker,
                self.queue.handle,
                token,
                data.as_ptr(),
                data.len(),
                error,
            )
        })
    }

    /// Begins to shut a worker down to the end; the event will have the token.
    pub fn start_finalize(&self, worker: u64) -> Result<u64, (Status, Value)> {
        let token = token();
        // SAFETY: only numbers and a writable place are passed.
        outcome(|error| unsafe {
            worker::temporal_core_worker_finalize_shutdown(worker, self.queue.handle, token, error)
        })
        .map(|()| token)
    }

    pub fn free(self) {
        self.queue.free();
        assert_eq!(runtime::temporal_core_runtime_free(self.runtime), Status::Ok);
    }
}

/// An RPC to make.
pub struct Call<'a> {
    pub client: u64,
    pub service: rpc::Service,
    pub name: &'a str,
    pub request: &'a [u8],
    pub options: &'a str,
    pub cancellation: u64,
}

impl<'a> Call<'a> {
    pub fn new(client: u64, name: &'a str) -> Self {
        Self {
            client,
            service: rpc::Service::Workflow,
            name,
            request: &[],
            options: "",
            cancellation: 0,
        }
    }
}
