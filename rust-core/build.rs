//! Tells the tests where the descriptors are that Core's protobuf code is generated from.

fn main() {
    // Cargo passes on what the build script of a direct dependency says.
    const DESCRIPTORS: &str = "DEP_TEMPORALIO_PROTOS_DESCRIPTOR_PATH";
    println!("cargo::rerun-if-env-changed={DESCRIPTORS}");
    let path = std::env::var(DESCRIPTORS)
        .unwrap_or_else(|error| panic!("{DESCRIPTORS}: {error}; does temporalio-protos still say descriptor_path?"));
    println!("cargo::rustc-env=TEMPORAL_PROTO_DESCRIPTORS={path}");
}
