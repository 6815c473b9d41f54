//! The settings that hold in, TOML that reads back or JSON out, each value with where it comes from.

use std::io::{self, Write};

use serde_json::{Value, json};
use toml::de::DeTable;

use super::effective::{Effective, Source};
use super::keys::{KEYS, Key};
use super::read;
use crate::report::{json as document, safe};

/// Version of the JSON; grows when a field changes its meaning.
const SCHEMA_VERSION: u32 = 1;

/// The value of a key as TOML, if it has one, and the words for it otherwise.
fn value(key: &Key, effective: &Effective) -> Result<String, &'static str> {
    (key.show)(&effective.values).or_else(|| (key.show)(&Effective::defaults())).ok_or(key.unset)
}

/// Writes TOML. Used as a `clawfix.toml`, it makes the same settings.
///
/// # Errors
/// What writing gives.
pub fn toml(effective: &Effective, out: &mut dyn Write) -> io::Result<()> {
    match &effective.file {
        Some(path) => writeln!(out, "# {}", safe::line(&path.to_string_lossy()))?,
        None => writeln!(out, "# no {} was found", super::FILE_NAME)?,
    }
    for key in KEYS {
        let sources: Vec<String> = effective.sources(key.name).iter().map(|source| words(source, key)).collect();
        let sources = sources.join(" and ");
        match value(key, effective) {
            Ok(value) => writeln!(out, "{} = {value}  # {sources}", key.name)?,
            Err(words) => writeln!(out, "# {}: {words}  # {sources}", key.name)?,
        }
    }
    Ok(())
}

fn words(source: &Source, key: &Key) -> String {
    match source {
        Source::Default => "default".to_owned(),
        Source::File(line) => format!("{}:{line}", super::FILE_NAME),
        Source::CommandLine => key.flag.unwrap_or("command line").to_owned(),
    }
}

/// Writes JSON: `{schema_version, file, settings: {key: {value, unset, sources: [{source, line}]}}}`.
///
/// # Errors
/// What writing gives.
pub fn json(effective: &Effective, out: &mut dyn Write) -> io::Result<()> {
    let mut settings = serde_json::Map::new();
    for key in KEYS {
        let source = |source: &Source| match source {
            Source::Default => json!({ "source": "default", "line": null }),
            Source::File(line) => json!({ "source": "file", "line": line }),
            Source::CommandLine => json!({ "source": "command-line", "line": null }),
        };
        let sources: Vec<Value> = effective.sources(key.name).iter().map(source).collect();
        let (value, unset) = match value(key, effective) {
            Ok(text) => (parsed(&text), None),
            Err(words) => (Value::Null, Some(words)),
        };
        settings.insert(key.name.to_owned(), json!({ "value": value, "unset": unset, "sources": sources }));
    }
    let file = effective.file.as_ref().map(|path| path.to_string_lossy().into_owned());
    document::print(&json!({ "schema_version": SCHEMA_VERSION, "file": file, "settings": settings }), out)
}

/// TOML that we made, as JSON.
fn parsed(text: &str) -> Value {
    let whole = format!("value = {text}");
    DeTable::parse(&whole).ok().and_then(|table| table.get_ref().get("value").map(|value| read::json(value.get_ref()))).unwrap_or_default()
}
