//! The action, the examples for pipelines and what the documents show of them: read by the parsers of others, and run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod action;
mod examples;
mod runner;
mod shells;

use std::path::{Path, PathBuf};
use std::process::Command;

use saphyr::{LoadableYamlNode, Yaml};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}")).replace("\r\n", "\n")
}

/// The one document in a YAML file.
fn yaml(text: &str) -> Yaml<'_> {
    let mut documents = Yaml::load_from_str(text).unwrap();
    assert_eq!(documents.len(), 1);
    documents.remove(0)
}

/// The text of a scalar at a path of keys.
fn text<'a>(yaml: &'a Yaml<'_>, keys: &[&str]) -> Option<&'a str> {
    keys.iter().try_fold(yaml, |yaml, key| yaml.as_mapping_get(key))?.as_str()
}

/// Keys and values of a mapping, as text.
fn pairs(yaml: Option<&Yaml<'_>>) -> Vec<(String, String)> {
    let map = yaml.and_then(Yaml::as_mapping);
    map.into_iter()
        .flatten()
        .map(|(key, value)| (key.as_str().unwrap().to_owned(), value.as_str().unwrap_or_default().to_owned()))
        .collect()
}

fn is_installed(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}
