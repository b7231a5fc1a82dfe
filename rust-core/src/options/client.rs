//! Options of a client: where the server is and how to speak with it.

use serde::Deserialize;
use std::time::Duration;
use temporalio_client::{
    ClientKeepAliveOptions, ClientTlsOptions as CoreClientTls, ConnectionOptions, DnsLoadBalancingOptions as CoreDns,
    GrpcCompression as CoreCompression, HttpConnectProxyOptions as CoreProxy,
    PayloadLimitsOptions as CorePayloadLimits, RetryOptions as CoreRetry, TlsOptions as CoreTls,
};
use temporalio_common::telemetry::metrics::TemporalMeter;
use url::Url;

use super::{
    Base64, at_least, invalid,
    metadata::{self, BinaryMetadata, Metadata},
    milliseconds, nullable,
};
use crate::error::Error;

const WHAT: &str = "client options";
/// Where servers listen.
pub const DEFAULT_PORT: u16 = 7233;

defaults!(ClientOptions: ClientDefaults {
    client_name: &'static str = env!("CARGO_PKG_NAME"),
    connect_timeout_ms: u64 = 10_000,
    grpc_compression: GrpcCompression = GrpcCompression::Gzip,
    skip_get_system_info: bool = false,
    disable_error_code_metric_tags: bool = false,
});

defaults!(KeepAliveOptions: KeepAliveDefaults {
    interval_ms: u64 = 30_000,
    timeout_ms: u64 = 15_000,
});

defaults!(RetryOptions: RetryDefaults {
    initial_interval_ms: u64 = 100,
    randomization_factor: f64 = 0.2,
    multiplier: f64 = 1.7,
    max_interval_ms: u64 = 5000,
    max_elapsed_time_ms: u64 = 10_000,
    max_retries: u32 = 10,
});

defaults!(DnsLoadBalancingOptions: DnsLoadBalancingDefaults {
    resolution_interval_ms: u64 = 30_000,
});

defaults!(PayloadLimitsOptions: PayloadLimitsDefaults {
    payloads_warn_size: u64 = 512 * 1024,
    memo_warn_size: u64 = 2048,
});

/// Options of a client.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct ClientOptions {
    /// The server: `host:port`, `host` (port 7233), `[v6]:port`, or one of these behind `http://` or `https://`.
    address: String,
    /// Absent: TLS when `apiKey` is set or the address starts with `https://`. Null: no TLS. An object, even an empty
    /// one: TLS.
    #[serde(default, deserialize_with = "nullable")]
    #[cfg_attr(test, ts(as = "Option<TlsOptions>", optional = nullable))]
    tls: Option<Option<TlsOptions>>,
    /// Sent as `Authorization: Bearer …` with every call.
    api_key: Option<String>,
    /// Text metadata to send with every call.
    metadata: Option<Metadata>,
    /// Binary metadata to send with every call; names end in `-bin`.
    binary_metadata: Option<BinaryMetadata>,
    /// What the server and its histories call this process. Default: `<process id>@<host name>`.
    identity: Option<String>,
    /// The `client-name` of every call and the SDK name in histories. Default `temporal-bun-core`.
    client_name: Option<String>,
    /// The `client-version` of every call and the SDK version in histories. Default: the version of this library.
    client_version: Option<String>,
    /// How long connecting may take, TLS, proxy and the first call included. Default 10000.
    connect_timeout_ms: Option<u64>,
    /// HTTP/2 pings. Absent: on with the defaults. Null: off.
    #[serde(default, deserialize_with = "nullable")]
    #[cfg_attr(test, ts(as = "Option<KeepAliveOptions>", optional = nullable))]
    keep_alive: Option<Option<KeepAliveOptions>>,
    /// An HTTP proxy to reach the server through, by the CONNECT method.
    http_connect_proxy: Option<HttpConnectProxyOptions>,
    /// When and how often calls that failed are made again.
    retry: Option<RetryOptions>,
    /// Spreads calls over all addresses that a host name resolves to. Absent: on, unless a proxy is set or the
    /// host is an IP address or `localhost`. Null: off.
    #[serde(default, deserialize_with = "nullable")]
    #[cfg_attr(test, ts(as = "Option<DnsLoadBalancingOptions>", optional = nullable))]
    dns_load_balancing: Option<Option<DnsLoadBalancingOptions>>,
    /// Compression of gRPC bodies. Default `gzip`.
    grpc_compression: Option<GrpcCompression>,
    /// Connects without asking the server what it can do (the GetSystemInfo call). Features that need to know
    /// are then off. Default false.
    skip_get_system_info: Option<bool>,
    /// Leaves the gRPC code out of the labels of request failure metrics. Default false.
    disable_error_code_metric_tags: Option<bool>,
    /// Sizes above which requests are logged at WARN. They are sent all the same.
    payload_limits: Option<PayloadLimitsOptions>,
}

/// TLS. Certificates and keys are PEM.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct TlsOptions {
    /// The certificate authority that signed the server's certificate, PEM in base64. Default: those the system trusts.
    server_root_ca_certificate: Option<Base64>,
    /// The name that the server's certificate must be for. Default: the host of the address.
    server_name: Option<String>,
    /// The client's own certificate, for mTLS.
    client_certificate_pair: Option<ClientCertificatePair>,
}

/// What a client proves itself with in mTLS.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ClientCertificatePair {
    /// PEM in base64.
    certificate: Base64,
    /// PEM in base64.
    private_key: Base64,
}

/// HTTP/2 pings that find dead connections and keep idle ones open.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct KeepAliveOptions {
    /// Time between pings. Default 30000.
    interval_ms: Option<u64>,
    /// How long an answer may take before the connection counts as dead. Default 15000.
    timeout_ms: Option<u64>,
}

/// An HTTP CONNECT proxy.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct HttpConnectProxyOptions {
    /// `host:port`, or `unix:/path` for a socket.
    address: String,
    /// Basic authentication at the proxy.
    basic_auth: Option<BasicAuth>,
}

/// A name and a password.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct BasicAuth {
    username: String,
    password: String,
}

impl std::fmt::Debug for BasicAuth {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "BasicAuth({})", self.username)
    }
}

/// Exponential backoff between attempts of a call.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct RetryOptions {
    /// Wait before the first retry. Default 100.
    initial_interval_ms: Option<u64>,
    /// How much of a wait is left to chance, 0 to 1. Default 0.2.
    randomization_factor: Option<f64>,
    /// How much longer each wait is than the one before. Default 1.7.
    multiplier: Option<f64>,
    /// The longest wait. Default 5000.
    max_interval_ms: Option<u64>,
    /// How long a call is retried in all. Null: without limit. Default 10000.
    #[serde(default, deserialize_with = "nullable")]
    #[cfg_attr(test, ts(as = "Option<u64>", optional = nullable))]
    max_elapsed_time_ms: Option<Option<u64>>,
    /// The most attempts; 0: without limit. Default 10.
    max_retries: Option<u32>,
}

/// Load balancing over the addresses of a host name.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct DnsLoadBalancingOptions {
    /// Time between lookups of the name, at least 1000. Default 30000.
    resolution_interval_ms: Option<u64>,
}

/// Compression of gRPC bodies.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS, serde::Serialize))]
pub enum GrpcCompression {
    /// Requests are compressed; responses may be.
    Gzip,
    /// Nothing is compressed.
    None,
}

/// Sizes above which requests are logged at WARN, in bytes; 0: never.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct PayloadLimitsOptions {
    /// Of a field with payloads, such as the input of a workflow. Default 524288.
    payloads_warn_size: Option<u64>,
    /// Of a memo. Default 2048.
    memo_warn_size: Option<u64>,
}

impl ClientOptions {
    /// Reads and checks the document of a client.
    pub fn parse(document: &[u8]) -> Result<Self, Error> {
        super::parse(document, WHAT)
    }

    /// What Core connects with.
    pub fn into_core(self, meter: Option<TemporalMeter>) -> Result<ConnectionOptions, Error> {
        let at = |field: &str| format!("{WHAT}, {field}");
        let (metadata, binary_metadata) = (
            self.metadata.unwrap_or_default(),
            self.binary_metadata.unwrap_or_default(),
        );
        metadata::to_map(WHAT, &metadata, &binary_metadata)?;
        for (field, value) in [
            ("apiKey", &self.api_key),
            ("clientName", &self.client_name),
            ("clientVersion", &self.client_version),
        ] {
            if let Some(value) = value {
                metadata::header_text(&at(field), value)?;
            }
        }
        let (target, tls) = target(&self.address, self.tls, self.api_key.is_some())?;
        let keep_alive = self
            .keep_alive
            .unwrap_or_else(|| Some(KeepAliveOptions::default()))
            .map(KeepAliveOptions::into_core)
            .transpose()?;
        let has_proxy = self.http_connect_proxy.is_some();
        let dns = match self.dns_load_balancing {
            None => (!has_proxy).then(DnsLoadBalancingOptions::default),
            Some(None) => None,
            Some(Some(_)) if has_proxy => {
                return Err(invalid(
                    &at("dnsLoadBalancing"),
                    "cannot be combined with httpConnectProxy, since the proxy looks the name up; leave one of them out",
                ));
            }
            Some(Some(options)) => Some(options),
        };
        let dns = dns.map(DnsLoadBalancingOptions::into_core).transpose()?;
        let compression = match self.grpc_compression.unwrap_or(Self::DEFAULTS.grpc_compression) {
            GrpcCompression::Gzip => CoreCompression::Gzip,
            GrpcCompression::None => CoreCompression::None,
        };
        let timeout = self.connect_timeout_ms.unwrap_or(Self::DEFAULTS.connect_timeout_ms);
        at_least(&at("connectTimeoutMs"), timeout, 1)?;
        Ok(ConnectionOptions::new(target)
            .identity(self.identity.unwrap_or_else(default_identity))
            .maybe_metrics_meter(meter)
            .maybe_tls_options(tls)
            .maybe_api_key(self.api_key)
            .connect_timeout(Duration::from_millis(timeout))
            .retry_options(self.retry.unwrap_or_default().into_core()?)
            .keep_alive(keep_alive)
            .headers(metadata)
            .binary_headers(metadata::to_bytes(binary_metadata))
            .maybe_http_connect_proxy(self.http_connect_proxy.map(HttpConnectProxyOptions::into_core))
            .dns_load_balancing(dns)
            .disable_error_code_metric_tags(
                self.disable_error_code_metric_tags
                    .unwrap_or(Self::DEFAULTS.disable_error_code_metric_tags),
            )
            .grpc_compression(compression)
            .payload_limits(self.payload_limits.unwrap_or_default().into_core())
            .skip_get_system_info(self.skip_get_system_info.unwrap_or(Self::DEFAULTS.skip_get_system_info))
            .client_name(
                self.client_name
                    .unwrap_or_else(|| Self::DEFAULTS.client_name.to_owned()),
            )
            .client_version(
                self.client_version
                    .unwrap_or_else(|| env!("CARGO_PKG_VERSION").to_owned()),
            )
            .build())
    }
}

/// The URL that Core connects to and whether by TLS, from the address and the options that decide it.
fn target(address: &str, tls: Option<Option<TlsOptions>>, has_api_key: bool) -> Result<(Url, Option<CoreTls>), Error> {
    let wrong = |reason: &str| {
        invalid(
            &format!("{WHAT}, address"),
            &format!("{address:?} {reason}; write host:port, such as localhost:7233"),
        )
    };
    let (scheme, authority) = match address.split_once("://") {
        None => (None, address),
        Some((scheme @ ("http" | "https"), authority)) => (Some(scheme), authority),
        Some((scheme, _)) => return Err(wrong(&format!("starts with {scheme}://, which is not spoken here"))),
    };
    let tls = match (tls, scheme) {
        (Some(Some(tls)), _) => Some(tls),
        (Some(None), Some("https")) => return Err(wrong("asks for TLS, but tls is null")),
        (Some(None), _) => None,
        (None, Some("https")) => Some(TlsOptions::default()),
        (None, _) => has_api_key.then(TlsOptions::default),
    };
    let authority = authority.strip_suffix('/').unwrap_or(authority);
    if authority.is_empty() || authority.contains(['/', '?', '#', '@', ' ']) {
        return Err(wrong("is not an address"));
    }
    let scheme = if tls.is_some() { "https" } else { "http" };
    let mut url = Url::parse(&format!("{scheme}://{authority}"))
        .map_err(|error| wrong(&format!("is not an address ({error})")))?;
    // The port of the scheme (80, 443) does not show in a URL, so the text tells whether there is one.
    let after_host = authority.rsplit_once(']').map_or(authority, |(_, rest)| rest);
    if !after_host.contains(':') {
        url.set_port(Some(DEFAULT_PORT)).map_err(|()| wrong("has no host"))?;
    }
    Ok((url, tls.map(TlsOptions::into_core)))
}

fn default_identity() -> String {
    format!(
        "{}@{}",
        std::process::id(),
        gethostname::gethostname().to_string_lossy()
    )
}

impl TlsOptions {
    fn into_core(self) -> CoreTls {
        CoreTls::builder()
            .maybe_server_root_ca_cert(self.server_root_ca_certificate.map(|pem| pem.0))
            .maybe_domain(self.server_name)
            .maybe_client_tls_options(self.client_certificate_pair.map(|pair| {
                CoreClientTls::builder()
                    .client_cert(pair.certificate.0)
                    .client_private_key(pair.private_key.0)
                    .build()
            }))
            .build()
    }
}

impl KeepAliveOptions {
    fn into_core(self) -> Result<ClientKeepAliveOptions, Error> {
        let interval = self.interval_ms.unwrap_or(Self::DEFAULTS.interval_ms);
        let timeout = self.timeout_ms.unwrap_or(Self::DEFAULTS.timeout_ms);
        at_least(&format!("{WHAT}, keepAlive.intervalMs"), interval, 1)?;
        at_least(&format!("{WHAT}, keepAlive.timeoutMs"), timeout, 1)?;
        Ok(ClientKeepAliveOptions::builder()
            .interval(Duration::from_millis(interval))
            .timeout(Duration::from_millis(timeout))
            .build())
    }
}

impl DnsLoadBalancingOptions {
    fn into_core(self) -> Result<CoreDns, Error> {
        let interval = at_least(
            &format!("{WHAT}, dnsLoadBalancing.resolutionIntervalMs"),
            self.resolution_interval_ms
                .unwrap_or(Self::DEFAULTS.resolution_interval_ms),
            1000,
        )?;
        Ok(CoreDns::builder()
            .resolution_interval(Duration::from_millis(interval))
            .build())
    }
}

impl PayloadLimitsOptions {
    fn into_core(self) -> CorePayloadLimits {
        CorePayloadLimits::builder()
            .payloads_warn_size(self.payloads_warn_size.unwrap_or(Self::DEFAULTS.payloads_warn_size))
            .memo_warn_size(self.memo_warn_size.unwrap_or(Self::DEFAULTS.memo_warn_size))
            .build()
    }
}

impl HttpConnectProxyOptions {
    fn into_core(self) -> CoreProxy {
        CoreProxy::new(self.address)
            .maybe_basic_auth(self.basic_auth.map(|auth| (auth.username, auth.password)))
            .build()
    }
}

impl RetryOptions {
    fn into_core(self) -> Result<CoreRetry, Error> {
        let factor = self.randomization_factor.unwrap_or(Self::DEFAULTS.randomization_factor);
        if !(0.0..=1.0).contains(&factor) {
            return Err(invalid(
                &format!("{WHAT}, retry.randomizationFactor"),
                &format!("{factor} is not between 0 and 1"),
            ));
        }
        let multiplier = self.multiplier.unwrap_or(Self::DEFAULTS.multiplier);
        if multiplier < 1.0 {
            return Err(invalid(
                &format!("{WHAT}, retry.multiplier"),
                &format!("{multiplier} is below 1, so waits would get shorter"),
            ));
        }
        Ok(CoreRetry::builder()
            .initial_interval(milliseconds(
                self.initial_interval_ms,
                Self::DEFAULTS.initial_interval_ms,
            ))
            .randomization_factor(factor)
            .multiplier(multiplier)
            .max_interval(milliseconds(self.max_interval_ms, Self::DEFAULTS.max_interval_ms))
            .max_elapsed_time(
                self.max_elapsed_time_ms
                    .unwrap_or(Some(Self::DEFAULTS.max_elapsed_time_ms))
                    .map(Duration::from_millis),
            )
            .max_retries(self.max_retries.unwrap_or(Self::DEFAULTS.max_retries) as usize)
            .build())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn core(document: &str) -> Result<ConnectionOptions, Error> {
        ClientOptions::parse(document.as_bytes())?.into_core(None)
    }

    #[test]
    fn addresses() {
        for (address, url) in [
            ("localhost", "http://localhost:7233/"),
            ("localhost:80", "http://localhost/"),
            ("10.0.0.1:1234", "http://10.0.0.1:1234/"),
            ("[::1]", "http://[::1]:7233/"),
            ("[::1]:99", "http://[::1]:99/"),
            ("http://host/", "http://host:7233/"),
            ("https://host:443", "https://host/"),
        ] {
            let options = core(&format!(r#"{{"address":"{address}"}}"#)).unwrap();
            assert_eq!(options.target.as_str(), url, "{address}");
            assert_eq!(options.tls_options.is_some(), url.starts_with("https"), "{address}");
        }
        for address in [
            "",
            "ftp://host",
            "host:port",
            "host:99999",
            "a/b",
            "user@host:1",
            ":7233",
            "::1",
        ] {
            let error = core(&format!(r#"{{"address":"{address}"}}"#)).unwrap_err();
            assert!(
                error.message.starts_with("client options, address: "),
                "{address}: {error}"
            );
        }
    }

    #[test]
    fn tls_follows_the_api_key_unless_said_otherwise() {
        let scheme = |document: &str| core(document).unwrap().target.scheme().to_owned();
        assert_eq!(scheme(r#"{"address":"a:1","apiKey":"k"}"#), "https");
        assert_eq!(scheme(r#"{"address":"a:1","apiKey":"k","tls":null}"#), "http");
        assert_eq!(scheme(r#"{"address":"http://a:1","tls":{}}"#), "https");
        assert!(core(r#"{"address":"https://a:1","tls":null}"#).is_err());
    }

    #[test]
    fn keep_alive_is_on_when_absent_and_off_when_null() {
        let absent = core(r#"{"address":"a:1"}"#).unwrap().keep_alive.unwrap();
        assert_eq!(
            (absent.interval, absent.timeout),
            (Duration::from_secs(30), Duration::from_secs(15))
        );
        assert!(
            core(r#"{"address":"a:1","keepAlive":null}"#)
                .unwrap()
                .keep_alive
                .is_none()
        );
        let some = core(r#"{"address":"a:1","keepAlive":{"intervalMs":5}}"#)
            .unwrap()
            .keep_alive
            .unwrap();
        assert_eq!(
            (some.interval, some.timeout),
            (Duration::from_millis(5), Duration::from_secs(15))
        );
        assert!(core(r#"{"address":"a:1","keepAlive":{"intervalMs":0}}"#).is_err());
    }

    #[test]
    fn a_proxy_excludes_dns_load_balancing() {
        let proxy = r#""httpConnectProxy":{"address":"p:1","basicAuth":{"username":"u","password":"w"}}"#;
        let options = core(&format!(r#"{{"address":"a:1",{proxy}}}"#)).unwrap();
        assert!(options.dns_load_balancing.is_none());
        assert_eq!(
            options.http_connect_proxy.unwrap().basic_auth,
            Some(("u".into(), "w".into()))
        );
        let error = core(&format!(r#"{{"address":"a:1","dnsLoadBalancing":{{}},{proxy}}}"#)).unwrap_err();
        assert!(error.message.contains("httpConnectProxy"));
        assert!(core(r#"{"address":"a:1"}"#).unwrap().dns_load_balancing.is_some());
        assert!(core(r#"{"address":"a:1","dnsLoadBalancing":{"resolutionIntervalMs":10}}"#).is_err());
    }

    #[test]
    fn values_core_would_drop_without_a_word_are_refused() {
        for document in [
            r#"{"address":"a:1","apiKey":"clé"}"#,
            r#"{"address":"a:1","clientName":"a\nb"}"#,
            r#"{"address":"a:1","retry":{"multiplier":0.5}}"#,
            r#"{"address":"a:1","retry":{"randomizationFactor":2}}"#,
            r#"{"address":"a:1","connectTimeoutMs":0}"#,
            r#"{"address":"a:1","metadata":{"x-bin":"1"}}"#,
        ] {
            assert!(core(document).is_err(), "{document}");
        }
    }

    #[test]
    fn retry_without_limit() {
        assert!(
            core(r#"{"address":"a:1","retry":{"maxElapsedTimeMs":null}}"#)
                .unwrap()
                .retry_options
                .max_elapsed_time
                .is_none()
        );
        assert_eq!(
            core(r#"{"address":"a:1"}"#).unwrap().retry_options,
            CoreRetry::default()
        );
    }
}
