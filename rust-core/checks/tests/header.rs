//! include/temporal_bun_core.h is what the exports of rust-core say. Fails when it is not, and writes it when
//! TEMPORAL_CORE_WRITE_HEADER is set, as `make generate` does.

#![allow(clippy::unwrap_used)]

#[path = "../../tests/support/process.rs"]
mod process;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

fn rust_core() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn header() -> PathBuf {
    rust_core().join("../include/temporal_bun_core.h")
}

fn generate() -> String {
    let config = cbindgen::Config::from_file(rust_core().join("cbindgen.toml")).expect("cbindgen.toml is readable");
    let bindings = cbindgen::Builder::new()
        .with_config(config)
        // It asks cargo, which has to have every crate that it names: not those of other platforms.
        .with_only_target_dependencies(true)
        .with_crate(rust_core())
        .generate()
        .expect("the exports are ones that cbindgen understands");
    let mut text = Vec::new();
    bindings.write(&mut text);
    String::from_utf8(text).expect("a header is text")
}

/// Names of all functions with C linkage, by the text of the sources: cbindgen leaves out what it does not understand.
fn exports_in_sources(folder: PathBuf, names: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            exports_in_sources(path, names);
        } else {
            let text = fs::read_to_string(&path).unwrap();
            names.extend(text.split("extern \"C\" fn ").skip(1).map(|rest| {
                rest.chars()
                    .take_while(|character| character.is_alphanumeric() || *character == '_')
                    .collect()
            }));
        }
    }
}

#[test]
fn the_committed_header_is_the_generated_one() {
    let generated = generate();
    let mut exports = Vec::new();
    exports_in_sources(rust_core().join("src"), &mut exports);
    assert!(!exports.is_empty());
    for name in exports {
        assert!(
            generated.contains(&format!(" {name}(")),
            "{name} is exported but cbindgen left it out"
        );
    }
    if std::env::var_os("TEMPORAL_CORE_WRITE_HEADER").is_some() {
        fs::create_dir_all(header().parent().unwrap()).unwrap();
        fs::write(header(), generated).unwrap();
        return;
    }
    let committed = fs::read_to_string(header()).unwrap_or_default();
    if committed != generated {
        // One more than there are lines, for texts that differ in their line ends alone.
        let lines = committed.lines().count().max(generated.lines().count());
        let line = (0..lines)
            .find(|line| committed.lines().nth(*line) != generated.lines().nth(*line))
            .unwrap_or(lines);
        panic!(
            "include/temporal_bun_core.h has drifted at line {}:\n  committed: {:?}\n  generated: {:?}\n\
             write it anew with `make generate`",
            line + 1,
            committed.lines().nth(line),
            generated.lines().nth(line),
        );
    }
}

#[test]
fn every_function_and_type_is_described() {
    let text = generate();
    let lines: Vec<_> = text.lines().collect();
    for (number, line) in lines.iter().enumerate() {
        let declares = line.starts_with("TemporalCoreStatus temporal_core_")
            || line.starts_with("typedef struct")
            || line.starts_with("typedef Temporal")
            || line.starts_with("enum ");
        if declares {
            assert_eq!(
                lines[number - 1].trim(),
                "*/",
                "line {}: {line} has no description",
                number + 1
            );
        }
    }
}

#[test]
fn the_header_is_c11_and_cpp() {
    let header = Path::new(env!("CARGO_TARGET_TMPDIR")).join("temporal_bun_core.h");
    fs::write(&header, generate()).unwrap();
    for (compiler, arguments) in [("cc", ["-std=c11", "-xc"]), ("c++", ["-std=c++11", "-xc++"])] {
        process::run(
            Command::new(compiler)
                .args(arguments)
                .args(["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"])
                .arg(&header),
        );
    }
}
