//! gRPC metadata as options carry it: text under ordinary names, base64 under names that end in `-bin`.

use std::collections::HashMap;
use tonic::metadata::{AsciiMetadataKey, AsciiMetadataValue, BinaryMetadataKey, BinaryMetadataValue, MetadataMap};

use super::{Base64, invalid};
use crate::error::Error;

/// Text metadata by name.
pub type Metadata = HashMap<String, String>;
/// Binary metadata by name.
pub type BinaryMetadata = HashMap<String, Base64>;

/// Checks names and values and puts them in a gRPC map.
pub fn to_map(what: &str, text: &Metadata, binary: &BinaryMetadata) -> Result<MetadataMap, Error> {
    let mut map = MetadataMap::with_capacity(text.len() + binary.len());
    for (name, value) in text {
        let path = || format!("{what}, metadata.{name}");
        let key = AsciiMetadataKey::from_bytes(name.as_bytes()).map_err(|_| {
            invalid(
                &path(),
                "not a name for text metadata; use lower-case letters, digits, '-', '_' and '.', and put names that end in -bin in binaryMetadata",
            )
        })?;
        header_text(&path(), value)?;
        // Visible ASCII is always a value.
        if let Ok(value) = AsciiMetadataValue::try_from(value.as_str()) {
            map.insert(key, value);
        }
    }
    for (name, value) in binary {
        let key = BinaryMetadataKey::from_bytes(name.as_bytes()).map_err(|_| {
            invalid(
                &format!("{what}, binaryMetadata.{name}"),
                "not a name for binary metadata; it must end in -bin and otherwise have lower-case letters, digits, '-', '_' and '.' only",
            )
        })?;
        map.insert_bin(key, BinaryMetadataValue::from_bytes(&value.0));
    }
    Ok(map)
}

/// The bytes of binary metadata.
pub fn to_bytes(binary: BinaryMetadata) -> HashMap<String, Vec<u8>> {
    binary.into_iter().map(|(name, value)| (name, value.0)).collect()
}

/// Refuses text that cannot stand in a gRPC header: Core would leave it out, or send what servers refuse.
pub fn header_text(path: &str, value: &str) -> Result<(), Error> {
    if value.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Ok(());
    }
    Err(invalid(
        path,
        "has characters other than visible ASCII, which gRPC doesn't carry as text; use a -bin name in binaryMetadata for other metadata",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &[(&str, &str)], binary: &[&str]) -> String {
        let text = text
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect();
        let binary = binary.iter().map(|name| ((*name).into(), Base64(vec![0]))).collect();
        to_map("call options", &text, &binary).unwrap_err().message
    }

    #[test]
    fn wrong_names_and_values_are_refused_by_path() {
        assert!(refusal(&[("trace-bin", "x")], &[]).starts_with("call options, metadata.trace-bin: "));
        assert!(refusal(&[("a b", "x")], &[]).contains("metadata.a b"));
        assert!(refusal(&[("name", "π")], &[]).contains("visible ASCII"));
        assert!(refusal(&[], &["trace"]).contains("must end in -bin"));
    }

    #[test]
    fn both_kinds_are_carried() {
        let text = HashMap::from([("team".to_owned(), "orders".to_owned())]);
        let binary = HashMap::from([("trace-bin".to_owned(), Base64(vec![0, 255]))]);
        let map = to_map("call options", &text, &binary).unwrap();
        assert_eq!(map.get("team").unwrap(), "orders");
        assert_eq!(map.get_bin("trace-bin").unwrap().to_bytes().unwrap().as_ref(), [0, 255]);
    }
}
