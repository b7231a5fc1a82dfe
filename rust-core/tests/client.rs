//! Clients and RPCs against a real server.

#![allow(clippy::unwrap_used)]

mod support;

use prost::Message;
use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};
use support::{Call, Host, outcome, protos, refusal, server, token};
use temporal_bun_core::{cancellation, client, event::EventKind, rpc::Service, status::Status};
use temporalio_common::protos::{
    grpc::health::v1::{HealthCheckRequest, HealthCheckResponse},
    temporal::api::{
        errordetails::v1::WorkflowExecutionAlreadyStartedFailure,
        workflowservice::v1::{DescribeNamespaceRequest, GetSystemInfoResponse, PollWorkflowTaskQueueRequest},
    },
};

#[test]
fn options_are_refused_by_path_before_anything_happens() {
    let mut host = Host::new();
    let (status, document) = host
        .start_connect(r#"{"address":"a:1","keepAlive":{"intervalMs":"5"}}"#)
        .unwrap_err();
    assert_eq!(status, Status::InvalidOptions);
    let message = document["message"].as_str().unwrap();
    assert!(
        message.starts_with("client options, keepAlive.intervalMs: "),
        "{message}"
    );
    assert!(
        host.queue.wait(Duration::ZERO, |_| true).is_none(),
        "no event is posted for a call that failed"
    );
    host.free();
}

#[test]
fn options_may_change_once_the_call_has_returned() {
    let mut host = Host::new();
    let mut options = format!(r#"{{"address":"{}","identity":"kept"}}"#, server::address());
    let expected = host.start_connect(&options).unwrap();
    // SAFETY: zero bytes are valid UTF-8.
    unsafe { options.as_bytes_mut() }.fill(0);
    drop(options);
    let event = host.queue.with_token(expected);
    assert_eq!(event.status, 0, "{}", String::from_utf8_lossy(&event.data));
    assert_eq!(client::temporal_core_client_free(event.object), Status::Ok);
    host.free();
}

#[test]
fn a_server_that_is_down_is_named() {
    let mut host = Host::new();
    let port = server::free_port();
    let document = host
        .connect_with(&format!(r#"{{"address":"127.0.0.1:{port}","connectTimeoutMs":5000}}"#))
        .error(Status::ConnectionFailed);
    let message = document["message"].as_str().unwrap();
    assert!(message.contains(&format!("127.0.0.1:{port}")), "{message}");
    assert!(message.contains("refused"), "{message}");
    assert_eq!(document["retryable"], true);
    host.free();
}

#[test]
fn a_name_that_leads_nowhere_is_named() {
    let mut host = Host::new();
    let document = host
        .connect_with(r#"{"address":"no-such-host.invalid:7233","connectTimeoutMs":5000}"#)
        .error(Status::ConnectionFailed);
    assert!(
        document["message"]
            .as_str()
            .unwrap()
            .contains("no-such-host.invalid:7233"),
        "{document}"
    );
    host.free();
}

#[test]
fn a_server_that_does_not_answer_costs_the_connect_timeout() {
    let mut host = Host::new();
    // It takes connections and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let document = host
        .connect_with(&format!(r#"{{"address":"{address}","connectTimeoutMs":300}}"#))
        .error(Status::ConnectionFailed);
    let message = document["message"].as_str().unwrap();
    assert!(
        message.contains(&address.to_string()) && message.contains("300 ms (connectTimeoutMs)"),
        "{message}"
    );
    host.free();
}

#[test]
fn a_server_without_tls_is_a_tls_mismatch() {
    let mut host = Host::new();
    let document = host
        .connect_with(&format!(r#"{{"address":"{}","tls":{{}}}}"#, server::address()))
        .error(Status::ConnectionFailed);
    let message = document["message"].as_str().unwrap();
    assert!(
        message.contains("TLS mismatch") && message.contains(server::address()),
        "{message}"
    );
    host.free();
}

#[test]
fn keep_alive_may_be_off() {
    let mut host = Host::new();
    for keep_alive in ["null", "{}", r#"{"intervalMs":60000,"timeoutMs":30000}"#] {
        let event = host.connect_with(&format!(
            r#"{{"address":"{}","keepAlive":{keep_alive}}}"#,
            server::address()
        ));
        assert_eq!(
            event.status,
            0,
            "{keep_alive}: {}",
            String::from_utf8_lossy(&event.data)
        );
        assert_eq!(client::temporal_core_client_free(event.object), Status::Ok);
    }
    host.free();
}

#[test]
fn an_address_that_speaks_something_else_is_refused() {
    let mut host = Host::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let web_server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut start = [0; 16];
        stream.read_exact(&mut start).unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
    });
    let document = host
        .connect_with(&format!(r#"{{"address":"{address}","connectTimeoutMs":5000}}"#))
        .error(Status::ConnectionFailed);
    assert!(
        document["message"].as_str().unwrap().contains(&address.to_string()),
        "{document}"
    );
    web_server.join().unwrap();
    host.free();
}

#[test]
fn rpcs_of_three_services_are_answered() {
    let mut host = Host::new();
    let client = host.connect(server::address());
    let info = host.rpc(&Call::new(client, "GetSystemInfo")).ok();
    assert!(
        !GetSystemInfoResponse::decode(info.as_slice())
            .unwrap()
            .server_version
            .is_empty()
    );
    let request = HealthCheckRequest {
        service: "temporal.api.workflowservice.v1.WorkflowService".into(),
    };
    let health = host.rpc(&Call {
        service: Service::Health,
        request: &request.encode_to_vec(),
        ..Call::new(client, "Check")
    });
    assert_eq!(HealthCheckResponse::decode(health.ok().as_slice()).unwrap().status, 1);
    let attributes = host.rpc(&Call {
        service: Service::Operator,
        request: b"\x0a\x07default",
        ..Call::new(client, "ListSearchAttributes")
    });
    assert!(!attributes.ok().is_empty());
    assert_eq!(client::temporal_core_client_free(client), Status::Ok);
    host.free();
}

#[test]
fn a_grpc_error_has_code_message_and_details() {
    let mut host = Host::new();
    let client = host.connect(server::address());
    let request = DescribeNamespaceRequest {
        namespace: "no-such-namespace".into(),
        ..Default::default()
    };
    let document = host
        .rpc(&Call {
            request: &request.encode_to_vec(),
            ..Call::new(client, "DescribeNamespace")
        })
        .error(Status::RpcFailed);
    assert_eq!(
        (&document["grpcCode"], &document["retryable"]),
        (&5.into(), &false.into()),
        "{document}"
    );
    assert!(
        document["message"].as_str().unwrap().contains("no-such-namespace"),
        "{document}"
    );

    let (task_queue, id) = (protos::unique("queue"), protos::unique("workflow"));
    let run_id = protos::start_workflow(&mut host, client, &task_queue, &id);
    let document = host
        .rpc(&Call {
            request: &protos::start_request(&task_queue, &id).encode_to_vec(),
            ..Call::new(client, "StartWorkflowExecution")
        })
        .error(Status::RpcFailed);
    assert_eq!(document["grpcCode"], 6);
    let details = base64::Engine::decode(
        &base64::engine::general_purpose::STANDARD,
        document["details"].as_str().expect("there are details"),
    )
    .unwrap();
    let status = temporalio_common::protos::google::rpc::Status::decode(details.as_slice()).unwrap();
    let failure = WorkflowExecutionAlreadyStartedFailure::decode(status.details[0].value.as_slice()).unwrap();
    assert_eq!(failure.run_id, run_id);
    host.free();
}

#[test]
fn what_cannot_be_called_is_refused_at_once() {
    let mut host = Host::new();
    let client = host.connect(server::address());
    let refused = |call: Call<'_>| {
        let (status, document) = host.start_rpc(&call).unwrap_err();
        (status, document["message"].as_str().unwrap().to_owned())
    };
    let (status, message) = refused(Call::new(client, "StartWorkflow"));
    assert_eq!(status, Status::InvalidArgument);
    assert!(message.contains("StartWorkflowExecution"), "{message}");
    let (status, message) = refused(Call {
        request: b"\xff\xff",
        ..Call::new(client, "StartWorkflowExecution")
    });
    assert_eq!(status, Status::InvalidArgument);
    assert!(
        message.contains("not an encoded message of StartWorkflowExecution"),
        "{message}"
    );
    let (status, message) = refused(Call {
        options: r#"{"timeout":5}"#,
        ..Call::new(client, "GetSystemInfo")
    });
    assert_eq!(status, Status::InvalidOptions);
    assert!(message.contains("timeoutMs"), "{message}");
    assert_eq!(
        refused(Call::new(client + (1 << 24), "GetSystemInfo")).0,
        Status::InvalidHandle
    );
    host.free();
}

/// A call that the server keeps for a minute.
fn long_poll(task_queue: &str) -> Vec<u8> {
    let request = protos::start_request(task_queue, "");
    PollWorkflowTaskQueueRequest {
        namespace: protos::NAMESPACE.into(),
        task_queue: request.task_queue,
        ..Default::default()
    }
    .encode_to_vec()
}

#[test]
fn a_deadline_ends_a_call() {
    let mut host = Host::new();
    // It takes connections and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let client = host.connect_with(&format!(r#"{{"address":"{address}","skipGetSystemInfo":true}}"#));
    assert_eq!(client.status, 0, "{}", String::from_utf8_lossy(&client.data));
    let document = host
        .rpc(&Call {
            options: r#"{"timeoutMs":300}"#,
            ..Call::new(client.object, "GetSystemInfo")
        })
        .error(Status::RpcFailed);
    assert_eq!(document["grpcCode"], 4, "{document}");
    host.free();
}

#[test]
fn a_cancellation_ends_the_calls_that_have_it() {
    let mut host = Host::new();
    let client = host.connect(server::address());
    let mut cancel = 0;
    // SAFETY: the place is writable.
    let status = unsafe { cancellation::temporal_core_cancellation_new(&mut cancel) };
    assert_eq!(status, Status::Ok);
    let request = long_poll(&protos::unique("queue"));
    let call = Call {
        request: &request,
        cancellation: cancel,
        ..Call::new(client, "PollWorkflowTaskQueue")
    };
    let calls = [host.start_rpc(&call).unwrap(), host.start_rpc(&call).unwrap()];
    assert_eq!(cancellation::temporal_core_cancellation_cancel(cancel), Status::Ok);
    let late = host.start_rpc(&call).unwrap();
    for token in calls.into_iter().chain([late]) {
        let document = host.queue.with_token(token).error(Status::Cancelled);
        assert_eq!(document["grpcCode"], 1);
    }
    assert_eq!(cancellation::temporal_core_cancellation_free(cancel), Status::Ok);
    assert_eq!(
        cancellation::temporal_core_cancellation_free(cancel),
        Status::InvalidHandle
    );
    host.free();
}

#[test]
fn retries_can_be_turned_off() {
    let mut host = Host::new();
    // The first connection works; it is cut, and those that follow are closed at once.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (cut, is_cut) = mpsc::channel();
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    std::thread::spawn(move || {
        let (from_client, _) = listener.accept().unwrap();
        let to_server = std::net::TcpStream::connect(server::address()).unwrap();
        let (mut read, mut write) = (to_server.try_clone().unwrap(), from_client.try_clone().unwrap());
        let back = std::thread::spawn(move || std::io::copy(&mut read, &mut write));
        is_cut.recv().unwrap();
        from_client.shutdown(std::net::Shutdown::Both).unwrap();
        to_server.shutdown(std::net::Shutdown::Both).unwrap();
        back.join().unwrap().ok();
        for connection in listener.incoming() {
            drop(connection);
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    let options = format!(
        r#"{{"address":"{address}","skipGetSystemInfo":true,"connectTimeoutMs":5000,"retry":{{"initialIntervalMs":1,"maxIntervalMs":1,"maxRetries":20}}}}"#
    );
    let client = host.connect_with(&options);
    assert_eq!(client.status, 0, "{}", String::from_utf8_lossy(&client.data));
    cut.send(()).unwrap();
    let mut connections_of = |options| {
        let before = connections.load(Ordering::SeqCst);
        let document = host
            .rpc(&Call {
                options,
                ..Call::new(client.object, "GetSystemInfo")
            })
            .error(Status::RpcFailed);
        assert_eq!(document["retryable"], true, "{document}");
        connections.load(Ordering::SeqCst) - before
    };
    // The transport itself may connect once more than it is called.
    assert!(connections_of(r#"{"retry":false}"#) <= 2);
    assert!(connections_of("") > 5);
    host.free();
}

#[test]
fn metadata_and_api_key_can_be_changed() {
    let mut host = Host::new();
    let client = host.connect(server::address());
    let update = |document: &'static str| {
        move |error| {
            // SAFETY: the document is static.
            unsafe { client::temporal_core_client_update_metadata(client, document.as_ptr(), document.len(), error) }
        }
    };
    outcome(update(
        r#"{"metadata":{"team":"orders"},"binaryMetadata":{"trace-bin":"AAE="}}"#,
    ))
    .unwrap();
    let message = refusal(Status::InvalidOptions, update(r#"{"metadata":{"Team Name":"x"}}"#));
    assert!(
        message.starts_with("metadata options, metadata.Team Name: "),
        "{message}"
    );
    let key = |key: &'static str| {
        // SAFETY: the key is static.
        move |error| unsafe { client::temporal_core_client_update_api_key(client, key.as_ptr(), key.len(), error) }
    };
    outcome(key("secret")).unwrap();
    outcome(key("")).unwrap();
    refusal(Status::InvalidArgument, key("a\nb"));
    host.rpc(&Call::new(client, "GetSystemInfo")).ok();
    host.free();
}

#[test]
fn a_client_may_be_freed_with_calls_under_way() {
    let mut host = Host::new();
    let client = host.connect(server::address());
    let call = host.start_rpc(&Call::new(client, "GetSystemInfo")).unwrap();
    assert_eq!(client::temporal_core_client_free(client), Status::Ok);
    assert_eq!(client::temporal_core_client_free(client), Status::InvalidHandle);
    host.queue.with_token(call).ok();
    host.free();
}

#[test]
fn connecting_goes_on_when_the_runtime_and_the_queue_are_freed() {
    let host = Host::new();
    let options = format!(r#"{{"address":"{}"}}"#, server::address());
    host.start_connect(&options).unwrap();
    host.free();
    let host = Host::new();
    let (status, _) = outcome(|error| {
        let options = "{}";
        // SAFETY: the options outlive the call.
        unsafe {
            client::temporal_core_client_connect(
                host.runtime,
                u64::MAX,
                token(),
                options.as_ptr(),
                options.len(),
                error,
            )
        }
    })
    .unwrap_err();
    assert_eq!(status, Status::InvalidHandle);
    assert_eq!(EventKind::ClientConnected as u32, 2);
    host.free();
}
