//! TLS, mTLS and proxies, with relays in front of the real server.

#![allow(clippy::unwrap_used)]

mod support;

use base64::{Engine, engine::general_purpose::STANDARD};
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use std::sync::{Arc, LazyLock, Mutex};
use support::{Call, Host, server};
use temporal_bun_core::status::Status;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, copy_bidirectional},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
        server::WebPkiClientVerifier,
    },
};

/// PEM texts, made anew by each run.
struct Certificates {
    authority: String,
    /// An authority that signed nothing here.
    stranger: String,
    server: String,
    server_key: String,
    client: String,
    client_key: String,
}

static TEST: LazyLock<Certificates> = LazyLock::new(|| {
    let authority = || {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        (pem, Issuer::new(params, key))
    };
    let (authority_pem, issuer) = authority();
    let signed = |names: &[&str], usage| {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &issuer).unwrap().pem(), key.serialize_pem())
    };
    let (server, server_key) = signed(&["localhost"], ExtendedKeyUsagePurpose::ServerAuth);
    let (client, client_key) = signed(&[], ExtendedKeyUsagePurpose::ClientAuth);
    Certificates {
        authority: authority_pem,
        stranger: authority().0,
        server,
        server_key,
        client,
        client_key,
    }
});

/// A relay on a thread of its own, which ends when this is dropped.
struct Relay {
    port: u16,
    _runtime: Runtime,
}

impl Relay {
    fn new<F: Future<Output = ()> + Send + 'static>(handle: impl Fn(TcpStream) -> F + Send + Sync + 'static) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(handle(stream));
            }
        });
        Self {
            port,
            _runtime: runtime,
        }
    }

    /// Takes TLS off.
    fn tls(wants_client_certificate: bool) -> Self {
        let upstream = server::address();
        let authority = CertificateDer::from_pem_slice(TEST.authority.as_bytes()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(authority).unwrap();
        let builder = ServerConfig::builder();
        let builder = if wants_client_certificate {
            builder.with_client_cert_verifier(WebPkiClientVerifier::builder(Arc::new(roots)).build().unwrap())
        } else {
            builder.with_no_client_auth()
        };
        let certificate = CertificateDer::from_pem_slice(TEST.server.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(TEST.server_key.as_bytes()).unwrap();
        let mut config = builder.with_single_cert(vec![certificate], key).unwrap();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Self::new(move |stream| {
            let acceptor = acceptor.clone();
            async move {
                // A client that is refused, or refuses, goes away; that is what tests look for.
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    let mut upstream = TcpStream::connect(upstream).await.unwrap();
                    let _ = copy_bidirectional(&mut stream, &mut upstream).await;
                }
            }
        })
    }

    /// An HTTP CONNECT proxy; its requests are noted.
    fn proxy(requests: Arc<Mutex<Vec<String>>>, password: Option<&'static str>) -> Self {
        Self::new(move |stream| {
            let requests = Arc::clone(&requests);
            async move {
                let mut stream = BufReader::new(stream);
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") {
                    if stream.read_line(&mut head).await.unwrap() == 0 {
                        return;
                    }
                }
                requests.lock().unwrap().push(head.clone());
                let target = head.split(' ').nth(1).unwrap().to_owned();
                if password.is_some_and(|password| !head.contains(&format!("Basic {}", STANDARD.encode(password)))) {
                    let refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
                    stream.write_all(refusal).await.unwrap();
                    let _ = stream.read(&mut [0]).await;
                    return;
                }
                let mut upstream = TcpStream::connect(target).await.unwrap();
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                let _ = copy_bidirectional(&mut stream, &mut upstream).await;
            }
        })
    }
}

fn tls(authority: &str, rest: &str) -> String {
    format!(
        r#""tls":{{"serverRootCaCertificate":"{}"{rest}}}"#,
        STANDARD.encode(authority)
    )
}

fn client_certificate() -> String {
    format!(
        r#","clientCertificatePair":{{"certificate":"{}","privateKey":"{}"}}"#,
        STANDARD.encode(&TEST.client),
        STANDARD.encode(&TEST.client_key)
    )
}

/// Connects and makes a call.
#[track_caller]
fn works(host: &mut Host, options: &str) {
    let event = host.connect_with(options);
    assert_eq!(event.status, 0, "{}", String::from_utf8_lossy(&event.data));
    host.rpc(&Call::new(event.object, "GetSystemInfo")).ok();
}

/// Connects in vain; the message.
#[track_caller]
fn fails(host: &mut Host, options: &str) -> String {
    let document = host.connect_with(options).error(Status::ConnectionFailed);
    document["message"].as_str().unwrap().to_owned()
}

#[test]
fn tls_with_an_authority_of_its_own() {
    let relay = Relay::tls(false);
    let mut host = Host::new();
    works(
        &mut host,
        &format!(
            r#"{{"address":"localhost:{}",{}}}"#,
            relay.port,
            tls(&TEST.authority, "")
        ),
    );
    // By its number, the server is one that the certificate is not for; by the name given, it is.
    let named = tls(&TEST.authority, r#","serverName":"localhost""#);
    works(
        &mut host,
        &format!(r#"{{"address":"127.0.0.1:{}",{named}}}"#, relay.port),
    );
    let message = fails(
        &mut host,
        &format!(
            r#"{{"address":"127.0.0.1:{}",{}}}"#,
            relay.port,
            tls(&TEST.authority, "")
        ),
    );
    assert!(
        message.contains("tls.serverName") && message.contains(&relay.port.to_string()),
        "{message}"
    );
    host.free();
}

#[test]
fn a_certificate_of_a_stranger_is_refused() {
    let relay = Relay::tls(false);
    let mut host = Host::new();
    for authority in [tls(&TEST.stranger, ""), r#""tls":{}"#.to_owned()] {
        let message = fails(
            &mut host,
            &format!(r#"{{"address":"localhost:{}",{authority}}}"#, relay.port),
        );
        assert!(message.contains("certificate is not accepted"), "{message}");
    }
    host.free();
}

#[test]
fn mutual_tls_needs_the_clients_certificate() {
    let relay = Relay::tls(true);
    let mut host = Host::new();
    let address = format!(r#""address":"localhost:{}""#, relay.port);
    works(
        &mut host,
        &format!("{{{address},{}}}", tls(&TEST.authority, &client_certificate())),
    );
    let message = fails(&mut host, &format!("{{{address},{}}}", tls(&TEST.authority, "")));
    assert!(message.contains("tls.clientCertificatePair"), "{message}");
    host.free();
}

#[test]
fn a_client_without_tls_is_a_tls_mismatch() {
    let relay = Relay::tls(false);
    let mut host = Host::new();
    let message = fails(&mut host, &format!(r#"{{"address":"localhost:{}"}}"#, relay.port));
    assert!(
        message.contains("TLS mismatch") && message.contains(&relay.port.to_string()),
        "{message}"
    );
    host.free();
}

#[test]
fn pem_that_is_none_is_told() {
    let relay = Relay::tls(false);
    let mut host = Host::new();
    let pair = r#","clientCertificatePair":{"certificate":"QQ==","privateKey":"QQ=="}"#;
    let message = fails(
        &mut host,
        &format!(
            r#"{{"address":"localhost:{}",{}}}"#,
            relay.port,
            tls(&TEST.authority, pair)
        ),
    );
    assert!(message.contains("PEM"), "{message}");
    host.free();
}

#[test]
fn an_http_proxy_is_used_and_authenticated_at() {
    let requests = Arc::new(Mutex::new(Vec::new()));
    let proxy = Relay::proxy(Arc::clone(&requests), Some("user:word"));
    let mut host = Host::new();
    let options = |rest: &str| {
        format!(
            r#"{{"address":"{}","httpConnectProxy":{{"address":"127.0.0.1:{}"{rest}}}}}"#,
            server::address(),
            proxy.port
        )
    };
    works(
        &mut host,
        &options(r#","basicAuth":{"username":"user","password":"word"}"#),
    );
    let request = requests.lock().unwrap().remove(0);
    assert!(
        request.starts_with(&format!("CONNECT {} ", server::address())),
        "{request}"
    );
    let message = fails(&mut host, &options(""));
    assert!(
        message.contains("407") && message.contains("httpConnectProxy"),
        "{message}"
    );
    host.free();
}

#[test]
fn tls_goes_through_a_proxy() {
    let requests = Arc::new(Mutex::new(Vec::new()));
    let proxy = Relay::proxy(Arc::clone(&requests), None);
    let relay = Relay::tls(true);
    let mut host = Host::new();
    works(
        &mut host,
        &format!(
            r#"{{"address":"localhost:{}",{},"httpConnectProxy":{{"address":"127.0.0.1:{}"}}}}"#,
            relay.port,
            tls(&TEST.authority, &client_certificate()),
            proxy.port
        ),
    );
    assert!(requests.lock().unwrap()[0].starts_with(&format!("CONNECT localhost:{} ", relay.port)));
    host.free();
}
