//! The store's keys that must follow a conversation to its new file: single values replaced, every other byte kept.

use std::path::{Path, PathBuf};

use super::PlanError;
use crate::apply::journal::Print;
use crate::apply::store::{StoreValue, edited};
use crate::foreign;
use crate::scan::Agent;
use crate::split::segment::Segment;
use crate::store::StoreHealth;

/// One value of the store.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FieldChange {
    /// The session key.
    pub key: String,
    /// The field.
    pub field: &'static str,
    /// What it holds.
    pub from: String,
    /// What it gets.
    pub to: String,
}

/// The store with its new content.
#[derive(Debug, Clone)]
pub struct StoreEdit {
    /// The store.
    pub path: PathBuf,
    /// As it was when the plan was made.
    pub before: Print,
    /// Its new bytes.
    pub after: Vec<u8>,
    /// Value by value.
    pub changes: Vec<FieldChange>,
}

/// The change as the journal keeps it.
pub(super) fn value(change: &FieldChange) -> StoreValue {
    let FieldChange { key, field, from, to } = change;
    StoreValue { key: key.clone(), field: (*field).to_owned(), from: from.clone(), to: to.clone() }
}

/// Lets every key that points at one of `gone` point at `id` in `target`.
pub(super) fn plan(agent: &Agent, gone: &[&Segment], id: &str, target: &Path) -> Result<Option<StoreEdit>, PlanError> {
    let Some(store) = &agent.store else { return Ok(None) };
    let file = target.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut changes = Vec::new();
    for entry in &store.entries {
        let key = &entry.key.raw;
        let follows = |held: &str| held != id && gone.iter().any(|segment| held.eq_ignore_ascii_case(&segment.id));
        let held = entry.session_id.as_deref().filter(|held| follows(held));
        if let Some(from) = held {
            changes.push(FieldChange { key: key.clone(), field: "sessionId", from: from.to_owned(), to: id.to_owned() });
        }
        let Some(from) = &entry.session_file else { continue };
        let name = foreign::basename(from);
        let dangles = gone.iter().any(|segment| name.eq_ignore_ascii_case(&segment.file.file_name));
        if name != file && (held.is_some() || dangles) {
            // The folder as the gateway writes it, which is another one on a copy.
            let folder = from.get(..from.len().saturating_sub(name.len())).unwrap_or_default();
            changes.push(FieldChange { key: key.clone(), field: "sessionFile", from: from.clone(), to: format!("{folder}{file}") });
        }
    }
    if changes.is_empty() {
        return Ok(None);
    }
    let path = store.path.display().to_string();
    if store.health != StoreHealth::Good {
        let next = "repair it, or stitch into the file it points at".to_owned();
        return Err(PlanError::Source { path, what: "must change, but is not plain JSON".to_owned(), next });
    }
    let io = |source| PlanError::Io { path: path.clone(), source };
    let bytes = std::fs::read(&store.path).map_err(io)?;
    let before = Print::of(&store.path).map_err(io)?;
    let values: Vec<StoreValue> = changes.iter().map(value).collect();
    let Some(after) = edited(&bytes, &values, false).map_err(io)? else {
        let (what, next) = ("changed while it was read".to_owned(), "try again".to_owned());
        return Err(PlanError::Source { path: path.clone(), what, next });
    };
    Ok(Some(StoreEdit { path: store.path.clone(), before, after, changes }))
}
