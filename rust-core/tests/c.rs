//! C programs that use the library through its header alone, as they are and under valgrind.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

mod support;

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};
use support::process::run;

/// What the archive has to be linked with; the same list is in the manifest of a release.
#[cfg(target_os = "linux")]
const NATIVE_LIBRARIES: &[&str] = &["-lgcc_s", "-lpthread", "-ldl", "-lm"];
#[cfg(target_os = "macos")]
const NATIVE_LIBRARIES: &[&str] = &[
    "-framework",
    "Security",
    "-framework",
    "CoreFoundation",
    "-framework",
    "IOKit",
    "-liconv",
];

/// The static archive of exactly this source. A test build has none, so it is built here, which is quick.
fn archive() -> &'static Path {
    static ARCHIVE: OnceLock<PathBuf> = OnceLock::new();
    ARCHIVE.get_or_init(|| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args([
            "build",
            "--release",
            "--lib",
            "--message-format=json",
            "--manifest-path",
        ]);
        cargo.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
        // Cargo has set these for this test. The build script of a crate that Core stands on looks at them, so
        // that cargo would compile all of Core again.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text == "OUT_DIR" || text.starts_with("CARGO_MANIFEST_") || text.starts_with("CARGO_PKG_") {
                cargo.env_remove(&name);
            }
        }
        let output = run(&mut cargo);
        String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .filter_map(|message| message["filenames"].as_array().cloned())
            .flatten()
            .filter_map(|name| name.as_str().map(PathBuf::from))
            .find(|path| path.ends_with("libtemporal_bun_core.a"))
            .expect("cargo says where the archive is")
    })
}

fn compile(name: &str) -> PathBuf {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/c"));
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let mut compiler = Command::new("cc");
    compiler.args([
        "-std=c11",
        "-g",
        "-O1",
        "-Wall",
        "-Wextra",
        "-Wpedantic",
        "-Werror",
        "-I",
    ]);
    compiler.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../include"));
    compiler
        .arg(folder.join(format!("{name}.c")))
        .arg(archive())
        .args(NATIVE_LIBRARIES);
    run(compiler.arg("-o").arg(&program));
    program
}

/// Fails when memory is used wrongly, or lost so that nothing points to it any more.
fn valgrind(program: &Path) -> Option<Command> {
    let installed = Command::new("valgrind").arg("--version").output().is_ok();
    if !installed {
        println!(
            "valgrind is not installed, so {} ran without it only",
            program.display()
        );
        return None;
    }
    let mut command = Command::new("valgrind");
    command.args([
        "--quiet",
        "--error-exitcode=99",
        "--leak-check=full",
        "--errors-for-leak-kinds=definite,indirect",
    ]);
    command.args([
        "--show-leak-kinds=definite,indirect",
        "--num-callers=30",
        "--fair-sched=yes",
    ]);
    command.arg(concat!(
        "--suppressions=",
        env!("CARGO_MANIFEST_DIR"),
        "/tests/c/valgrind.supp"
    ));
    command.arg(program);
    Some(command)
}

#[test]
fn queues_bytes_and_errors() {
    let program = compile("queue");
    run(&mut Command::new(&program));
    if let Some(mut valgrind) = valgrind(&program) {
        run(&mut valgrind);
    }
}

#[test]
fn a_workflow_is_started_run_and_read() {
    let program = compile("workflow");
    let address = support::server::address();
    run(Command::new(&program).arg(address));
    if let Some(mut valgrind) = valgrind(&program) {
        run(valgrind.arg(address));
    }
}

#[test]
fn the_program_that_the_document_shows_calls_a_server() {
    let program = compile("first_call");
    let output = run(Command::new(&program).arg(support::server::address()));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(
        printed.starts_with("Core ") && printed.contains(" talks to server 1."),
        "{printed}"
    );
    let document = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/OTHER-HOSTS.md")).unwrap();
    let source = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/c/first_call.c")).unwrap();
    assert!(
        document.contains(&format!("```c\n{source}```\n")),
        "docs/OTHER-HOSTS.md shows another program"
    );
}
