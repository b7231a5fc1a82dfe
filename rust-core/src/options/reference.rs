//! The options as TypeScript and as a reference for people. The tests write both when TEMPORAL_CORE_WRITE_OPTIONS is set, and
//! fail when a committed file is not what the types say.

use std::{collections::BTreeMap, fmt::Write, fs, path::Path};
use ts_rs::{Config, TS, TypeVisitor};

use super::{
    client::ClientOptions,
    metric::MetricOptions,
    replay::ReplayOptions,
    rpc::{MetadataOptions, RpcOptions},
    runtime::RuntimeOptions,
    slots::ResourceTargets,
    worker::WorkerOptions,
};
use crate::{metric_buffer::BufferedMetrics, worker::slots::SlotDocument};

const TYPESCRIPT: &str = "../ts/src/native/options.generated.ts";
const REFERENCE: &str = "../docs/OPTIONS.md";
const COMMAND: &str = "TEMPORAL_CORE_WRITE_OPTIONS=1 cargo test --release -p temporal-bun-core --lib reference";

/// A type as ts-rs describes it.
struct Declaration {
    /// A comment, or empty.
    docs: String,
    /// `type Name = …;`
    text: String,
}

/// The declarations of types and of all that they are made of, by name.
struct Declarations {
    config: Config,
    by_name: BTreeMap<String, Declaration>,
}

impl Declarations {
    fn add<T: TS + 'static + ?Sized>(&mut self) {
        // Types of Rust itself have no file of their own, and no declaration.
        if T::output_path().is_none() {
            T::visit_dependencies(self);
            return;
        }
        let name = T::ident(&self.config);
        if self.by_name.contains_key(&name) {
            return;
        }
        let declaration = Declaration {
            docs: T::docs().unwrap_or_default(),
            text: T::decl(&self.config),
        };
        self.by_name.insert(name, declaration);
        T::visit_dependencies(self);
    }
}

impl TypeVisitor for Declarations {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        self.add::<T>();
    }
}

/// All types, and which call takes or gives the documents among them.
fn declarations() -> (BTreeMap<String, Declaration>, Vec<(String, &'static str)>) {
    let mut declarations = Declarations {
        // JSON numbers are doubles, and so are JavaScript's.
        config: Config::new().with_large_int("number"),
        by_name: BTreeMap::new(),
    };
    let mut documents = Vec::new();
    macro_rules! document {
        ($type:ty, $place:literal) => {
            documents.push((<$type>::ident(&declarations.config), $place));
            declarations.add::<$type>();
        };
    }
    document!(RuntimeOptions, "taken by `temporal_core_runtime_new`");
    document!(ClientOptions, "taken by `temporal_core_client_connect`");
    document!(MetadataOptions, "taken by `temporal_core_client_update_metadata`");
    document!(RpcOptions, "taken by `temporal_core_client_rpc`");
    document!(WorkerOptions, "taken by `temporal_core_worker_new`");
    document!(ReplayOptions, "taken by `temporal_core_replay_worker_new`");
    document!(MetricOptions, "taken by `temporal_core_metric_new`");
    document!(ResourceTargets, "taken by `temporal_core_resource_controller_new`");
    document!(
        SlotDocument,
        "the data of SLOT_RESERVE, SLOT_CANCELLED, SLOT_USED and SLOT_RELEASED events"
    );
    document!(BufferedMetrics, "given by `temporal_core_runtime_take_metrics`");
    (declarations.by_name, documents)
}

/// ts-rs puts all fields at the left margin, with trailing spaces and the last brace behind them.
fn indent(declaration: &str) -> String {
    let text = declaration.replace(", };", ",\n};");
    let lines = text.lines().map(str::trim_end).enumerate().map(|(number, line)| {
        let is_outside = number == 0 || line == "};" || line.starts_with("} |");
        format!("{}{line}", if is_outside { "" } else { "  " })
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn typescript() -> String {
    let declarations = declarations().0.into_values();
    let body: Vec<_> = declarations
        .map(|Declaration { docs, text }| format!("{docs}export {}\n", indent(&text)))
        .collect();
    format!(
        "// Generated from the Rust types in rust-core/src/options. Do not edit; to write it anew:\n// {COMMAND}\n\n{}",
        body.join("\n")
    )
}

/// Splits TypeScript where a separator stands outside of brackets and comments.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut at) = (Vec::new(), 0, 0, 0);
    while let Some(character) = text[at..].chars().next() {
        if text[at..].starts_with("/*") {
            at += text[at..].find("*/").expect("comments end") + 2;
            continue;
        }
        match character {
            '{' | '[' | '<' | '(' => depth += 1,
            '}' | ']' | '>' | ')' => depth -= 1,
            _ if character == separator && depth == 0 => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
        at += character.len_utf8();
    }
    parts.push(text[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

/// What a comment says, in one line, and what follows it.
fn comment(text: &str) -> (String, &str) {
    let Some((comment, rest)) = text
        .trim_start()
        .strip_prefix("/**")
        .and_then(|text| text.split_once("*/"))
    else {
        return (String::new(), text.trim());
    };
    let lines = comment.lines().map(|line| line.trim().trim_start_matches('*').trim());
    let words: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
    (words.join(" "), rest.trim())
}

/// A table of the fields of an object.
fn table(object: &str) -> String {
    let mut rows = "| field | type | |\n|---|---|---|\n".to_owned();
    let fields = object.trim().trim_start_matches('{').trim_end_matches('}');
    for field in split(fields, ',') {
        let (docs, field) = comment(field);
        let (name, kind) = field.split_once(": ").expect("fields have types");
        let kind = kind.replace('|', "\\|");
        writeln!(rows, "| `{}` | `{kind}` | {docs} |", name.replace('"', "")).expect("texts take everything");
    }
    rows
}

fn reference() -> String {
    let (types, documents) = declarations();
    let mut text = format!(
        "# Options

<!-- Generated from the Rust types in rust-core/src/options. Do not edit; to write it anew:
{COMMAND} -->

The JSON documents that the calls of `include/temporal_bun_core.h` take and give. A document without fields may be empty. A field that is
unknown, of the wrong type or out of its range is INVALID_OPTIONS; the message names its path. Fields that end in `Ms` are whole milliseconds.

Names and types are written as in TypeScript: a field with `?` may be left out, and `null` means something else than leaving it out.

| document | |
|---|---|
"
    );
    for (name, place) in documents {
        writeln!(text, "| [{name}](#{}) | {place} |", name.to_lowercase()).expect("texts take everything");
    }
    for (
        name,
        Declaration {
            docs,
            text: declaration,
        },
    ) in types
    {
        let (_, body) = declaration.split_once(" = ").expect("declarations have a body");
        let variants = split(body.trim_end_matches(';'), '|');
        write!(text, "\n## {name}\n\n{}\n\n", comment(&docs).0).expect("texts take everything");
        if variants.iter().any(|variant| !variant.starts_with('{')) {
            writeln!(text, "`{}`", variants.join("` or `")).expect("texts take everything");
            continue;
        }
        let tables: Vec<_> = variants.into_iter().map(table).collect();
        text.push_str(&tables.join("\nor\n\n"));
    }
    text
}

fn check(path: &str, generated: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("TEMPORAL_CORE_WRITE_OPTIONS").is_some() {
        fs::create_dir_all(file.parent().expect("the file is in a folder")).unwrap();
        fs::write(&file, generated).unwrap();
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == generated,
        "{path} is not what the types say; write it anew as its first lines tell"
    );
}

#[test]
fn the_committed_typescript_is_what_the_types_say() {
    check(TYPESCRIPT, &typescript());
}

#[test]
fn the_committed_reference_is_what_the_types_say() {
    check(REFERENCE, &reference());
}
