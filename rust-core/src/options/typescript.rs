//! The options as TypeScript. The test writes `ts/src/native/options.generated.ts` when
//! TEMPORAL_CORE_WRITE_OPTIONS is set, and fails when the committed file is not what the types say.

use std::{collections::BTreeMap, fs, path::Path};
use ts_rs::{Config, TS, TypeVisitor};

use super::{
    client::ClientOptions,
    metric::MetricOptions,
    replay::ReplayOptions,
    rpc::{MetadataOptions, RpcOptions},
    runtime::RuntimeOptions,
    worker::WorkerOptions,
};
use crate::{metric_buffer::BufferedMetrics, worker::slots::SlotDocument};

const PATH: &str = "../ts/src/native/options.generated.ts";

/// The declarations of a type and of all that it is made of, by name.
struct Declarations {
    config: Config,
    by_name: BTreeMap<String, String>,
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
        let docs = T::docs().unwrap_or_default();
        self.by_name
            .insert(name, format!("{docs}export {}\n", indent(&T::decl(&self.config))));
        T::visit_dependencies(self);
    }
}

impl TypeVisitor for Declarations {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        self.add::<T>();
    }
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

fn generate() -> String {
    let mut declarations = Declarations {
        // JSON numbers are doubles, and so are JavaScript's.
        config: Config::new().with_large_int("number"),
        by_name: BTreeMap::new(),
    };
    declarations.add::<RuntimeOptions>();
    declarations.add::<ClientOptions>();
    declarations.add::<RpcOptions>();
    declarations.add::<MetadataOptions>();
    declarations.add::<WorkerOptions>();
    declarations.add::<ReplayOptions>();
    declarations.add::<MetricOptions>();
    // Not options, but what the events of the slot supplier `host` carry, and what a metrics buffer gives.
    declarations.add::<SlotDocument>();
    declarations.add::<BufferedMetrics>();
    let body: Vec<_> = declarations.by_name.into_values().collect();
    format!(
        "// Generated from the Rust types in rust-core/src/options. Do not edit; to write it anew:\n\
         // TEMPORAL_CORE_WRITE_OPTIONS=1 cargo test --release -p temporal-bun-core --lib typescript\n\n{}",
        body.join("\n")
    )
}

#[test]
fn the_committed_typescript_is_what_the_types_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PATH);
    let generated = generate();
    if std::env::var_os("TEMPORAL_CORE_WRITE_OPTIONS").is_some() {
        fs::create_dir_all(path.parent().expect("the file is in a folder")).unwrap();
        fs::write(&path, &generated).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == generated,
        "{PATH} is not what the types say; write it anew as its first lines tell"
    );
}
