//! The objects of a SARIF 2.1.0 log that clawfix writes, named as the standard names them. Holds no logic.

use std::collections::BTreeMap;

use std::borrow::Cow;

use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Run<'a> {
    pub tool: Tool<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub automation_details: Option<Automation>,
    pub invocations: [Invocation<'a>; 1],
    pub original_uri_base_ids: BTreeMap<String, BaseLocation>,
    pub column_kind: &'static str,
    pub results: Vec<Outcome<'a>>,
}

#[derive(Serialize)]
pub(super) struct Automation {
    pub id: String,
}

#[derive(Serialize)]
pub(super) struct Tool<'a> {
    pub driver: Driver<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Driver<'a> {
    pub name: &'static str,
    pub version: &'static str,
    pub semantic_version: &'static str,
    pub rules: &'a [Descriptor],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    pub id: &'static str,
    pub name: &'static str,
    pub short_description: Text,
    pub full_description: Text,
    pub help: Help,
    pub default_configuration: Configuration,
    pub properties: Tags,
}

#[derive(Serialize)]
pub(super) struct Text {
    pub text: String,
}

#[derive(Serialize)]
pub(super) struct Help {
    pub text: String,
    pub markdown: &'static str,
}

#[derive(Serialize)]
pub(super) struct Configuration {
    pub level: &'static str,
}

#[derive(Serialize)]
pub(super) struct Tags {
    pub tags: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Invocation<'a> {
    pub execution_successful: bool,
    pub tool_execution_notifications: Vec<Notification<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Notification<'a> {
    pub level: &'static str,
    pub message: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub associated_rule: Option<RuleReference<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub locations: Vec<Location>,
}

#[derive(Serialize)]
pub(super) struct RuleReference<'a> {
    pub id: &'a str,
    pub index: usize,
}

#[derive(Serialize)]
pub(super) struct BaseLocation {
    pub description: Text,
}

/// A `result`; that name is taken in Rust.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Outcome<'a> {
    pub rule_id: &'static str,
    pub rule_index: usize,
    pub level: &'static str,
    pub message: Text,
    pub locations: [Location; 1],
    pub partial_fingerprints: Fingerprints<'a>,
    pub properties: Properties<'a>,
}

#[derive(Serialize)]
pub(super) struct Fingerprints<'a> {
    #[serde(rename = "clawfix/v1")]
    pub clawfix: &'a str,
    /// The only one that GitHub compares; without it, it makes one up from the text of the file.
    /// Numbered from the second of equal ones on, as CodeQL does, or it would take them for one.
    #[serde(rename = "primaryLocationLineHash")]
    pub primary: Cow<'a, str>,
}

#[derive(Serialize)]
pub(super) struct Properties<'a> {
    pub help: String,
    pub fixable: crate::rules::Fixable,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Location {
    pub physical_location: Physical,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Physical {
    pub artifact_location: Artifact,
    pub region: Region,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Artifact {
    pub uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri_base_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Region {
    pub start_line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub byte_offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub byte_length: Option<u64>,
}
