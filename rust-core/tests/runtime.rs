//! Runtimes: their options, threads, logs and metrics, and that they can be freed at any time.

#![allow(clippy::unwrap_used)]

mod raw;

use raw::{PATIENCE, attempt, collect, free_queue, new_queue, new_runtime, try_runtime};
use serde_json::{Value, json};
use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    ptr,
    sync::{Mutex, MutexGuard},
    time::Instant,
};
use temporal_bun_core::{
    client::temporal_core_client_connect,
    event::EventKind,
    metric::{temporal_core_metric_free, temporal_core_metric_new, temporal_core_metric_record},
    runtime::{
        temporal_core_runtime_forward_logs, temporal_core_runtime_free, temporal_core_runtime_new,
        temporal_core_runtime_take_metrics,
    },
    status::Status,
};

/// Threads are counted in the whole process, so the tests here take turns.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// An address at which nobody listens.
fn closed_port() -> String {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string()
}

/// An address whose every connection ends at once: calls get as far as being counted.
fn rude_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || listener.incoming().for_each(drop));
    address
}

fn connect(runtime: u64, queue: u64, token: u64, address: &str) {
    let options = format!(r#"{{"address":"{address}","connectTimeoutMs":3000}}"#);
    // SAFETY: the options outlive the call.
    attempt(|error| unsafe {
        temporal_core_client_connect(runtime, queue, token, options.as_ptr(), options.len(), error)
    })
    .unwrap();
}

fn free(runtime: u64) {
    assert_eq!(temporal_core_runtime_free(runtime), Status::Ok);
    assert_eq!(temporal_core_runtime_free(runtime), Status::InvalidHandle);
}

fn forward(runtime: u64, queue: u64, token: u64) -> Result<(), (Status, String)> {
    // SAFETY: the out-pointer is of a local.
    attempt(|error| unsafe { temporal_core_runtime_forward_logs(runtime, queue, token, error) })
}

#[cfg(target_os = "linux")]
fn core_threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok());
    names.filter(|name| name.trim() == "temporal-core").count()
}

#[cfg(target_os = "linux")]
fn wait_for_threads(count: usize) {
    let deadline = Instant::now() + PATIENCE;
    while core_threads() != count {
        assert!(Instant::now() < deadline, "{} threads, not {count}", core_threads());
        std::thread::yield_now();
    }
}

#[test]
#[cfg(target_os = "linux")]
fn threads_are_as_many_as_asked_for_and_end() {
    let _turn = turn();
    wait_for_threads(0);
    let runtime = new_runtime(r#"{"threads":3}"#);
    wait_for_threads(3);
    let other = new_runtime("");
    wait_for_threads(3 + std::thread::available_parallelism().unwrap().get());
    free(runtime);
    free(other);
    wait_for_threads(0);
}

#[test]
#[cfg(target_os = "linux")]
fn the_last_use_of_a_runtime_may_end_on_its_own_thread() {
    let _turn = turn();
    for _ in 0..20 {
        let (runtime, queue) = (new_runtime(r#"{"logging":null}"#), new_queue());
        connect(runtime, queue, 5, &closed_port());
        // The connection attempt is what keeps the runtime from here on.
        free(runtime);
        let events = collect(queue, 1);
        assert_eq!(
            (events[0].token, events[0].kind),
            (5, EventKind::ClientConnected as u32)
        );
        assert_eq!(
            events[0].status,
            Status::ConnectionFailed as i32,
            "{:?}",
            events[0].document()
        );
        free_queue(queue);
    }
    wait_for_threads(0);
}

#[test]
#[cfg(target_os = "linux")]
fn everything_may_be_freed_while_a_connection_is_under_way() {
    let _turn = turn();
    // Accepts and then says nothing, so that the attempt goes on until it times out.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let (runtime, queue) = (new_runtime(r#"{"logging":null}"#), new_queue());
    connect(runtime, queue, 1, &silent.local_addr().unwrap().to_string());
    let _socket = silent.accept().unwrap();
    free_queue(queue);
    free(runtime);
    wait_for_threads(0);
}

#[test]
fn options_are_refused_by_path() {
    for (options, message) in [
        ("[1]", "runtime options: an array; write an object"),
        ("{\"threads\":2", "runtime options: EOF"),
        ("{} {}", "runtime options: trailing"),
        ("{\"thread\":2}", "runtime options, thread: unknown field `thread`"),
        (
            "{\"threads\":0}",
            "runtime options, threads: 0 is not between 1 and 1024",
        ),
        ("{\"threads\":-1}", "runtime options, threads: "),
        (
            "{\"workerHeartbeatIntervalMs\":999}",
            "runtime options, workerHeartbeatIntervalMs: 999 is not between",
        ),
        (
            "{\"logging\":{\"filter\":\"=,=\"}}",
            "runtime options, logging.filter: \"=,=\" cannot be used",
        ),
        (
            "{\"logging\":{\"format\":\"xml\"}}",
            "runtime options, logging.format: unknown variant `xml`",
        ),
        (
            "{\"languageRuntime\":{\"name\":\"basic\",\"version\":\"2\"}}",
            "runtime options, languageRuntime.name: \"basic\"",
        ),
        ("{\"metrics\":{}}", "runtime options, metrics: missing field `exporter`"),
        (
            "{\"metrics\":{\"exporter\":{\"prometheus\":{\"bindAddress\":\"here\"}}}}",
            "runtime options, metrics.exporter.prometheus.bindAddress: \"here\" is not address:port",
        ),
        (
            "{\"metrics\":{\"exporter\":{\"otel\":{\"url\":\"there\"}}}}",
            "runtime options, metrics.exporter.otel.url: \"there\" is not a URL",
        ),
        (
            "{\"metrics\":{\"exporter\":{\"otel\":{\"url\":\"http://a\",\"intervalMs\":0}}}}",
            "runtime options, metrics.exporter.otel.intervalMs: 0 is too small",
        ),
        (
            "{\"metrics\":{\"exporter\":{\"buffer\":{\"maximumUpdates\":0}}}}",
            "runtime options, metrics.exporter.buffer.maximumUpdates: 0 is too small",
        ),
        (
            "{\"metrics\":{\"histogramBucketOverrides\":{\"a\":[1]},\"exporter\":{\"buffer\":{}}}}",
            "runtime options, metrics.histogramBucketOverrides: a buffer keeps each value",
        ),
    ] {
        let _turn = turn();
        let (status, actual) = try_runtime(options).expect_err(options);
        assert_eq!(status, Status::InvalidOptions, "{options}");
        assert!(actual.starts_with(message), "{options}: {actual}");
    }
}

#[test]
fn all_options_are_taken() {
    let _turn = turn();
    let runtime = new_runtime(
        r#"{"threads":1,"logging":{"filter":"off","forward":true,"format":"json"},"workerHeartbeatIntervalMs":null,
            "languageRuntime":{"name":"bun","version":"1.4.5"},
            "metrics":{"prefix":"p_","globalTags":{"a":"b"},"attachServiceName":false,"useSecondsForDurations":true,
              "histogramBucketOverrides":{"request_latency":[1,2.5]},
              "exporter":{"prometheus":{"bindAddress":"127.0.0.1:0","countersTotalSuffix":true,"unitSuffix":true}}}}"#,
    );
    free(runtime);
}

#[test]
fn logs_are_kept_until_a_queue_wants_them_and_follow_it() {
    let _turn = turn();
    let runtime = new_runtime(r#"{"threads":1,"logging":{"filter":"trace","forward":true}}"#);
    let (first, second, outcomes) = (new_queue(), new_queue(), new_queue());
    // Makes records, all of them on the runtime's thread.
    let make_records = || {
        connect(runtime, outcomes, 1, &closed_port());
        collect(outcomes, 1);
    };
    make_records();
    forward(runtime, first, 41).unwrap();
    let records = collect(first, 1);
    for record in &records {
        assert_eq!(
            (record.token, record.kind, record.status),
            (41, EventKind::Log as u32, 0)
        );
        let document = record.document();
        assert!(["TRACE", "DEBUG", "INFO", "WARN", "ERROR"].contains(&document["level"].as_str().unwrap()));
        assert!(!document["target"].as_str().unwrap().is_empty());
        assert!(document["message"].is_string() && document["fields"].is_object());
        assert!(document["timestampMs"].as_u64().unwrap() > 1_700_000_000_000);
    }
    make_records();
    collect(first, 1);
    // Freed queues make no error: records are kept, and go to the next.
    free_queue(first);
    make_records();
    forward(runtime, second, 42).unwrap();
    assert_eq!(collect(second, 1)[0].token, 42);
    assert_eq!(forward(runtime, first, 1).unwrap_err().0, Status::InvalidHandle);
    free(runtime);
    assert_eq!(forward(runtime, second, 1).unwrap_err().0, Status::InvalidHandle);
    free_queue(second);
    free_queue(outcomes);
}

#[test]
fn logs_pass_the_filter_only() {
    let _turn = turn();
    let runtime = new_runtime(r#"{"logging":{"filter":"off,hyper_util=trace","forward":true}}"#);
    let (logs, outcomes) = (new_queue(), new_queue());
    forward(runtime, logs, 1).unwrap();
    connect(runtime, outcomes, 2, &closed_port());
    collect(outcomes, 1);
    for record in collect(logs, 1) {
        let document = record.document();
        assert!(
            document["target"].as_str().unwrap().starts_with("hyper_util"),
            "{document}"
        );
    }
    free(runtime);
    free_queue(logs);
    free_queue(outcomes);
}

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn prometheus_reads_prefixed_and_tagged_metrics() {
    let _turn = turn();
    let address = closed_port();
    let runtime = new_runtime(&format!(
        r#"{{"metrics":{{"prefix":"shop_","globalTags":{{"region":"north"}},"exporter":{{"prometheus":{{"bindAddress":"{address}"}}}}}}}}"#
    ));
    let queue = new_queue();
    connect(runtime, queue, 1, &rude_server());
    collect(queue, 1);
    let metrics = get(&address, "/metrics");
    assert!(metrics.contains("shop_request"), "{metrics}");
    assert!(metrics.contains("region=\"north\""), "{metrics}");
    let (status, message) = try_runtime(&format!(
        r#"{{"metrics":{{"exporter":{{"prometheus":{{"bindAddress":"{address}"}}}}}}}}"#
    ))
    .unwrap_err();
    assert_eq!(status, Status::Internal);
    assert!(
        message.contains(&address) && message.contains("bindAddress"),
        "{message}"
    );
    free(runtime);
    free_queue(queue);
}

fn new_metric(runtime: u64, options: &str) -> u64 {
    let mut metric = 0;
    // SAFETY: the text outlives the call, and the out-pointers are of locals.
    attempt(|error| unsafe { temporal_core_metric_new(runtime, options.as_ptr(), options.len(), &mut metric, error) })
        .unwrap();
    metric
}

fn record(metric: u64, value: f64, attributes: &str) -> Result<(), (Status, String)> {
    // SAFETY: the text outlives the call, and the out-pointer is of a local.
    attempt(|error| unsafe { temporal_core_metric_record(metric, value, attributes.as_ptr(), attributes.len(), error) })
}

#[test]
fn metrics_of_the_hosts_own_are_exported() {
    let _turn = turn();
    let address = closed_port();
    let runtime = new_runtime(&format!(
        r#"{{"metrics":{{"globalTags":{{"region":"north"}},"exporter":{{"prometheus":{{"bindAddress":"{address}"}}}}}}}}"#
    ));
    let metric = |kind: &str| {
        new_metric(
            runtime,
            &format!(r#"{{"kind":"{kind}","name":"own_{kind}","unit":"s","description":"of the test"}}"#),
        )
    };
    let metrics = [
        "counter",
        "upDownCounter",
        "gauge",
        "floatGauge",
        "histogram",
        "floatHistogram",
    ]
    .map(metric);
    let [counter, up_down, gauge, float_gauge, histogram, float_histogram] = metrics;
    let attributes = r#"{"dish":"soup","hot":true,"size":2}"#;
    for (metric, value) in [
        (counter, 2.0),
        (counter, 3.0),
        (up_down, 5.0),
        (up_down, -7.0),
        (gauge, 9.0),
        (float_gauge, -0.25),
        (histogram, 4.0),
        (float_histogram, 0.5),
    ] {
        record(metric, value, attributes).unwrap();
    }
    let text = get(&address, "/metrics");
    let labels = r#"{dish="soup",hot="true",size="2",region="north"}"#;
    for line in [
        format!("own_counter{labels} 5"),
        format!("own_upDownCounter{labels} -2"),
        format!("own_gauge{labels} 9"),
        format!("own_floatGauge{labels} -0.25"),
        format!("own_histogram_sum{labels} 4"),
        format!("own_floatHistogram_sum{labels} 0.5"),
        "# HELP own_counter of the test".to_owned(),
    ] {
        assert!(text.lines().any(|each| each == line), "no {line} in\n{text}");
    }

    let (status, message) = record(counter, -1.0, "").unwrap_err();
    assert_eq!(status, Status::InvalidArgument);
    assert_eq!(
        message,
        "-1 cannot be recorded; the metric takes whole numbers from 0 to 9007199254740992"
    );
    assert!(record(up_down, 0.5, "").is_err() && record(float_gauge, f64::NAN, "").is_err());
    assert_eq!(
        record(counter, 1.0, r#"{"a":[]}"#).unwrap_err().0,
        Status::InvalidOptions
    );
    for metric in metrics {
        assert_eq!(temporal_core_metric_free(metric), Status::Ok);
    }
    assert_eq!(record(counter, 1.0, "").unwrap_err().0, Status::InvalidHandle);
    free(runtime);
}

#[test]
fn metrics_of_the_hosts_own_may_go_nowhere() {
    let _turn = turn();
    let runtime = new_runtime("");
    let metric = new_metric(runtime, r#"{"kind":"counter","name":"unseen"}"#);
    record(metric, 1.0, "").unwrap();
    free(runtime);
    record(metric, 1.0, r#"{"a":1}"#).unwrap();
    assert_eq!(temporal_core_metric_free(metric), Status::Ok);
}

/// What the runtime's metrics buffer holds, as name, value and attributes; and the metrics.
fn take(runtime: u64) -> (Vec<(String, f64, Value)>, Vec<Value>) {
    let mut bytes = 0;
    // SAFETY: the out-pointers are of locals.
    attempt(|error| unsafe { temporal_core_runtime_take_metrics(runtime, &mut bytes, error) }).unwrap();
    let document: Value = serde_json::from_slice(&raw::take_bytes(bytes)).unwrap();
    let metrics = document["metrics"].as_array().unwrap();
    let at = |list: &str, index: &Value| document[list][index.as_u64().unwrap() as usize].clone();
    let updates = document["updates"].as_array().unwrap().iter().map(|update| {
        let name = at("metrics", &update[0])["name"].as_str().unwrap().to_owned();
        (name, update[2].as_f64().unwrap(), at("attributes", &update[1]))
    });
    (updates.collect(), metrics.clone())
}

#[test]
fn a_buffer_keeps_metrics_until_they_are_taken() {
    let _turn = turn();
    let (address, queue) = (rude_server(), new_queue());
    for (in_seconds, kind, unit) in [(false, "histogram", "ms"), (true, "floatHistogram", "s")] {
        let runtime = new_runtime(&format!(
            r#"{{"metrics":{{"prefix":"shop_","globalTags":{{"region":"north"}},"useSecondsForDurations":{in_seconds},
                "exporter":{{"buffer":{{}}}}}}}}"#
        ));
        let attributes = r#"{"dish":"soup","hot":true,"size":2,"salt":0.5}"#;
        let given = json!({"dish":"soup","hot":true,"size":2,"salt":0.5,"region":"north"});
        let own = [
            ("counter", 2.0),
            ("upDownCounter", -3.0),
            ("gauge", 9.0),
            ("floatGauge", -0.25),
            ("histogram", 4.0),
            ("floatHistogram", 0.5),
        ];
        for (kind, value) in own {
            let options = format!(r#"{{"kind":"{kind}","name":"own_{kind}","unit":"kg","description":"of the test"}}"#);
            let metric = new_metric(runtime, &options);
            record(metric, value, attributes).unwrap();
            assert_eq!(temporal_core_metric_free(metric), Status::Ok);
        }
        let (updates, metrics) = take(runtime);
        let expected = own.map(|(kind, value)| (format!("own_{kind}"), value, given.clone()));
        assert_eq!(updates, expected);
        let expected = own
            .map(|(kind, _)| json!({"kind":kind,"name":format!("own_{kind}"),"unit":"kg","description":"of the test"}));
        assert_eq!(metrics, expected);
        assert_eq!(take(runtime).0, []);

        connect(runtime, queue, 1, &address);
        collect(queue, 1);
        let (updates, metrics) = take(runtime);
        let (_, value, attributes) = updates.iter().find(|update| update.0 == "shop_request").unwrap();
        assert_eq!(
            (*value, &attributes["operation"], &attributes["region"]),
            (1.0, &json!("GetSystemInfo"), &json!("north"))
        );
        let latency = metrics
            .iter()
            .find(|metric| metric["name"] == "shop_request_latency")
            .unwrap();
        assert_eq!((&latency["kind"], &latency["unit"]), (&json!(kind), &json!(unit)));
        free(runtime);
    }
    free_queue(queue);
}

#[test]
fn a_full_buffer_says_so_once_until_it_is_taken() {
    let _turn = turn();
    let queue = new_queue();
    let runtime = new_runtime(
        r#"{"logging":{"filter":"error","forward":true},"metrics":{"exporter":{"buffer":{"maximumUpdates":2}}}}"#,
    );
    let metric = new_metric(runtime, r#"{"kind":"counter","name":"a"}"#);
    for _ in 0..2 {
        for value in 1..=4 {
            record(metric, f64::from(value), "").unwrap();
        }
        let values: Vec<_> = take(runtime).0.into_iter().map(|(_, value, _)| value).collect();
        assert_eq!(values, [1.0, 2.0]);
    }
    forward(runtime, queue, 1).unwrap();
    for record in collect(queue, 2) {
        let message = record.document()["message"].clone();
        assert!(
            message.as_str().unwrap().starts_with("the metrics buffer is full"),
            "{message}"
        );
    }
    let mut bytes = 0;
    let elsewhere = new_runtime("");
    // SAFETY: the out-pointers are of locals.
    let refused = attempt(|error| unsafe { temporal_core_runtime_take_metrics(elsewhere, &mut bytes, error) });
    assert_eq!(refused.unwrap_err().0, Status::InvalidArgument);
    assert_eq!(temporal_core_metric_free(metric), Status::Ok);
    free(elsewhere);
    free(runtime);
    free_queue(queue);
}

#[test]
fn metrics_are_sent_to_a_collector_with_headers() {
    let _turn = turn();
    let collector = TcpListener::bind("127.0.0.1:0").unwrap();
    let runtime = new_runtime(&format!(
        r#"{{"metrics":{{"exporter":{{"otel":{{"url":"http://{}/v1/metrics","http":true,"headers":{{"x-team":"orders"}},"intervalMs":10}}}}}}}}"#,
        collector.local_addr().unwrap()
    ));
    let queue = new_queue();
    connect(runtime, queue, 1, &rude_server());
    let (mut stream, _) = collector.accept().unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut request = Vec::new();
    while !String::from_utf8_lossy(&request).contains("temporal_request") {
        let mut part = [0; 4096];
        let length = stream.read(&mut part).expect("the metric is in the first export");
        assert_ne!(length, 0, "{}", String::from_utf8_lossy(&request));
        request.extend(&part[..length]);
    }
    let text = String::from_utf8_lossy(&request).to_lowercase();
    assert!(
        text.starts_with("post /v1/metrics") && text.contains("x-team: orders"),
        "{text}"
    );
    drop(stream);
    collect(queue, 1);
    free(runtime);
    free_queue(queue);
}

#[test]
fn a_place_for_the_handle_is_needed() {
    let _turn = turn();
    // SAFETY: NULL is refused before anything is made.
    let refused = attempt(|error| unsafe { temporal_core_runtime_new(ptr::null(), 0, ptr::null_mut(), error) });
    assert_eq!(refused.unwrap_err().0, Status::InvalidArgument);
}
