//! A real development server, one for all tests of a program.

use std::{
    env, fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

use temporal_bun_core::{client, status::Status};

use super::{Call, Host};

/// The address of the server and its keeper, whose standard input is held as long as this is.
static SERVER: OnceLock<(String, Child)> = OnceLock::new();

/// Ends with the server, and ends the server when this program ends, in whatever way: then nobody holds the other end
/// of its standard input, of which it keeps a copy because background commands read /dev/null.
const KEEPER: &str = r#"
exec 3<&0
"$@" 3<&- &
server=$!
{ read -r _ <&3; kill -KILL "$server"; } &
watcher=$!
wait "$server"
kill "$watcher""#;

/// The address of the server; it is started when it is first asked for, and ends with this program.
pub fn address() -> &'static str {
    let (address, _) = SERVER.get_or_init(|| {
        let port = free_port();
        let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("server-{port}.log"));
        let file = fs::File::create(&log).expect("cargo made the folder");
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(binary())
            .args([
                "server",
                "start-dev",
                "--headless",
                "--ip",
                "127.0.0.1",
                "--log-level",
                "never",
                "--port",
            ])
            .arg(port.to_string())
            .stdin(Stdio::piped())
            .stdout(file.try_clone().expect("a file can be shared"))
            .stderr(file)
            .spawn()
            .expect("there is a shell");
        let address = format!("127.0.0.1:{port}");
        let deadline = Instant::now() + super::PATIENCE;
        let mut host = Host::new();
        while !is_ready(&mut host, &address) {
            let ended = keeper.try_wait().expect("the keeper is a child").is_some();
            assert!(
                !ended && Instant::now() < deadline,
                "the server at {address} {}; it wrote:\n{}",
                if ended { "ended" } else { "did not come up" },
                fs::read_to_string(&log).unwrap_or_default()
            );
            thread::sleep(Duration::from_millis(50));
        }
        // The server still writes to it, but nobody reads it.
        fs::remove_file(&log).expect("it was made above");
        host.free();
        (address, keeper)
    });
    address
}

/// The server listens before it answers, and answers before it has a namespace.
fn is_ready(host: &mut Host, address: &str) -> bool {
    let connected = host.connect_with(&format!(r#"{{"address":"{address}"}}"#));
    if connected.status != 0 {
        return false;
    }
    let described = host.rpc(&Call {
        request: b"\x0a\x07default",
        ..Call::new(connected.object, "DescribeNamespace")
    });
    assert_eq!(client::temporal_core_client_free(connected.object), Status::Ok);
    described.status == 0
}

/// TEMPORAL_CLI, or what `make` puts into the repository's toolchain folder.
fn binary() -> PathBuf {
    env::var_os("TEMPORAL_CLI").map(PathBuf::from).unwrap_or_else(|| {
        PathBuf::from(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../.toolchain/python/bin/temporal"
        ))
    })
}

/// A port that nobody listens at.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there are free ports");
    listener.local_addr().expect("it is bound").port()
}
