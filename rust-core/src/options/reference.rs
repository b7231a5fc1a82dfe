//! The options as TypeScript and as a reference for people. The test writes both when TEMPORAL_CORE_WRITE_OPTIONS is
//! set, as `make generate` does, and fails when a committed file is not what the types say.

use serde_json::Value;
use std::{collections::BTreeMap, fmt::Write, fs, path::Path};
use ts_rs::{Config, TS, TypeVisitor};

use super::{
    client::{
        ClientOptions, DEFAULT_PORT, DnsLoadBalancingOptions, KeepAliveOptions, PayloadLimitsOptions, RetryOptions,
    },
    metric::MetricOptions,
    replay::ReplayOptions,
    rpc::{MetadataOptions, RpcOptions},
    runtime::{BufferOptions, LoggingOptions, MetricsOptions, OtelOptions, PrometheusOptions, RuntimeOptions},
    slots::{ResourceTargets, TunerOptions},
    worker::WorkerOptions,
};
use crate::{metric_buffer::BufferedMetrics, worker::slots::SlotDocument};

const TYPESCRIPT: &str = "../ts/src/native/options.generated.ts";
const REFERENCE: &str = "../docs/OPTIONS.md";

/// The defaults of each type that has some, by its name.
fn defaults() -> BTreeMap<String, Value> {
    let config = Config::new();
    let mut all = BTreeMap::new();
    macro_rules! add {
        ($($options:ty),* $(,)?) => {
            $(
                // By way of the text, in which an f32 looks as it is written.
                let text = serde_json::to_string(&<$options>::DEFAULTS).expect("constants serialise");
                all.insert(<$options>::ident(&config), serde_json::from_str(&text).expect("that was JSON"));
            )*
        };
    }
    add!(
        BufferOptions,
        ClientOptions,
        DnsLoadBalancingOptions,
        KeepAliveOptions,
        LoggingOptions,
        MetricsOptions,
        OtelOptions,
        PayloadLimitsOptions,
        PrometheusOptions,
        ReplayOptions,
        ResourceTargets,
        RetryOptions,
        RpcOptions,
        RuntimeOptions,
        TunerOptions,
        WorkerOptions,
    );
    all
}

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

/// A default as both TypeScript and people read it.
fn literal(value: &Value) -> String {
    // A double without a fraction is to look like any other number.
    value
        .as_f64()
        .map_or_else(|| value.to_string(), |number| number.to_string())
}

/// An object literal.
fn object(value: &Value, margin: &str) -> String {
    let Value::Object(fields) = value else {
        return literal(value);
    };
    let inner = format!("{margin}  ");
    let lines = fields
        .iter()
        .map(|(name, value)| format!("{inner}{name}: {},\n", object(value, &inner)));
    format!("{{\n{}{margin}}}", lines.collect::<String>())
}

/// The constant with the defaults of a type: `workerDefaults` for WorkerOptions.
fn constant(name: &str, defaults: &Value) -> String {
    let stem = name.trim_end_matches("Options");
    let (first, rest) = stem.split_at(1);
    format!(
        "\n/**\n * The defaults of {{@link {name}}}.\n */\nexport const {}{rest}Defaults = {} as const;\n",
        first.to_lowercase(),
        object(defaults, ""),
    )
}

fn typescript() -> String {
    let defaults = defaults();
    let mut text = format!(
        "// Generated from the Rust types in rust-core/src/options by `make generate`. Do not edit.\n\n\
        /**\n * The port of addresses that name none.\n */\nexport const defaultPort = {DEFAULT_PORT};\n"
    );
    for (name, declaration) in declarations().0 {
        write!(text, "\n{}export {}\n", declaration.docs, indent(&declaration.text)).expect("texts take everything");
        if let Some(values) = defaults.get(&name) {
            text.push_str(&constant(&name, values));
        }
    }
    text
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

/// A field of an object.
struct Field {
    /// With `?` behind it, when it may be left out.
    name: String,
    kind: String,
    docs: String,
}

fn fields(object: &str) -> Vec<Field> {
    let fields = object.trim().trim_start_matches('{').trim_end_matches('}');
    let fields = split(fields, ',').into_iter().map(|field| {
        let (docs, field) = comment(field);
        let (name, kind) = field.split_once(": ").expect("fields have types");
        Field {
            name: name.replace('"', ""),
            kind: kind.to_owned(),
            docs,
        }
    });
    fields.collect()
}

/// A table of the fields of an object.
fn table(object: &str) -> String {
    let mut rows = "| field | type | |\n|---|---|---|\n".to_owned();
    for Field { name, kind, docs } in fields(object) {
        let kind = kind.replace('|', "\\|");
        writeln!(rows, "| `{name}` | `{kind}` | {docs} |").expect("texts take everything");
    }
    rows
}

/// The types that a declaration is one of: objects, or words.
fn variants(declaration: &str) -> Vec<&str> {
    let (_, body) = declaration.split_once(" = ").expect("declarations have a body");
    split(body.trim_end_matches(';'), '|')
}

fn reference() -> String {
    let (types, documents) = declarations();
    let mut text = "# Options

<!-- Generated from the Rust types in rust-core/src/options by `make generate`. Do not edit. -->

The JSON documents that the calls of `include/temporal_bun_core.h` take and give. A document without fields may be empty. A field that is
unknown, of the wrong type or out of its range is INVALID_OPTIONS; the message names its path. Fields that end in `Ms` are whole milliseconds.

Names and types are written as in TypeScript: a field with `?` may be left out, and `null` means something else than leaving it out.

| document | |
|---|---|
"
    .to_owned();
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
        let variants = variants(&declaration);
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
        "{path} is not what the types say; write it anew with `make generate`"
    );
}

#[test]
fn the_committed_files_are_what_the_types_say() {
    check(TYPESCRIPT, &typescript());
    check(REFERENCE, &reference());
}

/// What comments have to say of defaults, by type and field.
fn said_defaults() -> BTreeMap<(String, String), String> {
    let mut said = BTreeMap::new();
    for (name, values) in defaults() {
        let fields = values.as_object().expect("defaults are objects");
        // Those of the tuner are by kind of task: see below.
        for (field, value) in fields.iter().filter(|(_, value)| !value.is_object()) {
            let text = value
                .as_str()
                .map_or_else(|| literal(value), |text| format!("`{text}`"));
            said.insert((name.clone(), field.clone()), text);
        }
    }
    let tuner = TunerOptions::DEFAULTS;
    let (workflows, others) = (tuner.workflow_tasks, tuner.activities);
    for (field, text) in [
        (
            "minimumSlots",
            format!(
                "{} for workflow tasks, else {}",
                workflows.minimum_slots, others.minimum_slots
            ),
        ),
        ("maximumSlots", others.maximum_slots.to_string()),
        (
            "rampThrottleMs",
            format!(
                "{} for activities and local activities, else {}",
                others.ramp_throttle_ms, workflows.ramp_throttle_ms
            ),
        ),
    ] {
        said.insert(("SlotSupplier".to_owned(), field.to_owned()), text);
    }
    said
}

#[test]
fn comments_say_what_the_defaults_are() {
    let mut said = said_defaults();
    for (name, declaration) in declarations().0 {
        let objects = variants(&declaration.text)
            .into_iter()
            .filter(|text| text.starts_with('{'));
        for Field { name: field, docs, .. } in objects.flat_map(fields) {
            let stated = docs.split_once("Default ").map(|(_, rest)| {
                let end = rest.find(". ").unwrap_or(rest.trim_end_matches('.').len());
                rest[..end].to_owned()
            });
            let key = (name.clone(), field.trim_end_matches('?').to_owned());
            let expected = said.remove(&key);
            // "Default: " is followed by words, for a default that is worked out or would be hard to read.
            if !docs.contains("Default: ") {
                assert_eq!(stated, expected, "{name}.{field}: {docs}");
            }
        }
    }
    assert!(said.is_empty(), "there are no fields for the defaults {said:?}");
    let types = declarations().0;
    let slots = TunerOptions::DEFAULTS.activities.slots;
    assert!(
        types["TunerOptions"]
            .docs
            .contains(&format!("have {slots} fixed slots"))
    );
    let address = format!("`host` (port {DEFAULT_PORT})");
    assert!(types["ClientOptions"].text.contains(&address), "{address}");
}
