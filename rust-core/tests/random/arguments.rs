//! Random arguments.

use std::ptr;

/// SplitMix64: small, and good enough to choose arguments with.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        // Seeds of threads are neighbours, so they are spread.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    /// A number from 0 to `limit` - 1.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    pub fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// A few random bytes.
    pub fn bytes(&mut self) -> Vec<u8> {
        let length = self.below(64);
        (0..length).map(|_| self.next() as u8).collect()
    }

    /// Something that is nearly what it was.
    fn mutate(&mut self, mut bytes: Vec<u8>) -> Vec<u8> {
        for _ in 0..=self.below(3) {
            let position = self.below(bytes.len() + 1);
            match self.below(4) {
                0 if position < bytes.len() => bytes[position] = self.next() as u8,
                1 if position < bytes.len() => drop(bytes.remove(position)),
                2 => bytes.truncate(position),
                _ => bytes.insert(position, self.next() as u8),
            }
        }
        bytes
    }
}

/// A (data, length) pair for one call. Afterwards it is overwritten and freed, so that nobody can read it late
/// unnoticed.
pub struct Data {
    bytes: Vec<u8>,
    data: *const u8,
    length: usize,
}

impl Data {
    /// `good` as it is, or nearly so, or something else altogether.
    pub fn new(random: &mut Random, good: Vec<u8>) -> Self {
        let bytes = match random.below(20) {
            0..=12 => good,
            13..=15 => random.mutate(good),
            16 => random.bytes(),
            17 => return Self::raw(ptr::null(), 0),
            // Refused by what they are, before anything is read.
            18 => return Self::raw(ptr::null(), 1 + random.below(100)),
            _ => return Self::raw(ptr::dangling(), isize::MAX as usize + 1 + random.below(100)),
        };
        Self {
            data: bytes.as_ptr(),
            length: bytes.len(),
            bytes,
        }
    }

    fn raw(data: *const u8, length: usize) -> Self {
        Self {
            bytes: Vec::new(),
            data,
            length,
        }
    }

    pub fn data(&self) -> *const u8 {
        self.data
    }

    pub fn length(&self) -> usize {
        self.length
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        self.bytes.fill(0xee);
    }
}

/// Option documents of each kind, most of them usable.
pub mod options {
    pub const RUNTIME: &[&str] = &[
        r#"{"threads":1,"logging":null}"#,
        r#"{"threads":2,"logging":{"filter":"debug","forward":true},"workerHeartbeatIntervalMs":1000}"#,
        r#"{"threads":1,"logging":{"filter":"off"},"workerHeartbeatIntervalMs":null,"languageRuntime":{"name":"native","version":"1"}}"#,
        r#"{"threads":1,"logging":null,"metrics":{"exporter":{"prometheus":{"bindAddress":"127.0.0.1:0"}}}}"#,
        r#"{"threads":1,"logging":null,"metrics":{"globalTags":{"a":"b"},"exporter":{"buffer":{"maximumUpdates":100}}}}"#,
        r#"{"threads":0}"#,
    ];
    pub const CALL: &[&str] = &[
        r#"{"timeoutMs":200,"retry":false}"#,
        r#"{"timeoutMs":50}"#,
        r#"{"timeoutMs":1,"metadata":{"a":"b"},"binaryMetadata":{"c-bin":"AAE="}}"#,
    ];
    pub const METADATA: &[&str] = &[
        r#"{"metadata":{"team":"orders"}}"#,
        r#"{"binaryMetadata":{"trace-bin":"AAE="}}"#,
        r#"{"metadata":{},"binaryMetadata":{}}"#,
        r#"{"metadata":{"team-bin":"x"}}"#,
    ];
    pub const METRIC: &[&str] = &[
        r#"{"kind":"counter","name":"a"}"#,
        r#"{"kind":"upDownCounter","name":"b","unit":"s"}"#,
        r#"{"kind":"floatHistogram","name":"c","description":"d"}"#,
        r#"{"kind":"gauge","name":"no name at all"}"#,
        r#"{"kind":"gauge","name":""}"#,
    ];
    pub const METRIC_ATTRIBUTES: &[&str] = &["", r#"{"a":"b","c":1}"#, r#"{"a":{}}"#];
    pub const RESOURCES: &[&str] = &[
        r#"{"targetMemoryUsage":0.8,"targetCpuUsage":0.9}"#,
        r#"{"targetMemoryUsage":0,"targetCpuUsage":1,"cpuPGain":-1e300}"#,
        r#"{"targetMemoryUsage":2,"targetCpuUsage":0.9}"#,
    ];
    pub const REPLAY: &[&str] = &[
        "",
        "{}",
        r#"{"namespace":"n","taskQueue":"q","identity":"i","buildId":"b"}"#,
    ];

    /// Connects to the server, to nobody, or not at all.
    pub fn client(server: &str) -> [String; 5] {
        [
            format!(r#"{{"address":"{server}","connectTimeoutMs":2000}}"#),
            format!(
                r#"{{"address":"{server}","connectTimeoutMs":2000,"keepAlive":null,"identity":"random","retry":{{"maxRetries":1}}}}"#
            ),
            format!(
                r#"{{"address":"http://{server}","connectTimeoutMs":2000,"apiKey":"key","tls":null,"grpcCompression":"none"}}"#
            ),
            format!(r#"{{"address":"{server}","connectTimeoutMs":1,"tls":{{}}}}"#),
            r#"{"address":"127.0.0.1:1","connectTimeoutMs":100}"#.to_owned(),
        ]
    }

    /// Workers of all kinds, on a few task queues.
    pub fn worker(task_queue: usize, resource_controller: u64) -> [String; 5] {
        let queue = format!(r#""namespace":"default","taskQueue":"random-{task_queue}""#);
        let everything =
            r#""taskTypes":{"workflows":true,"localActivities":true,"remoteActivities":true,"nexus":true}"#;
        [
            format!(r#"{{{queue},"taskTypes":{{"workflows":true}}}}"#),
            format!(r#"{{{queue},{everything},"gracefulShutdownPeriodMs":1,"maxCachedWorkflows":2}}"#),
            format!(r#"{{{queue},{everything},"skipClientWorkerSetCheck":true}}"#),
            format!(
                r#"{{{queue},"taskTypes":{{"remoteActivities":true}},"tuner":{{"activities":{{"type":"host"}}}}}}"#
            ),
            format!(
                r#"{{{queue},"taskTypes":{{"remoteActivities":true}},"tuner":{{"activities":{{"type":"resourceBased"}},"resourceController":{resource_controller}}}}}"#
            ),
        ]
    }
}
