//! The store's keys that must follow a conversation to its new file: single values replaced, every other byte kept.

use std::path::{Path, PathBuf};

use super::PlanError;
use crate::apply::journal::Print;
use crate::foreign;
use crate::scan::Agent;
use crate::stitch::fields::locate;
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

/// Lets every key that points at one of `gone` point at `id` in `target`.
pub(super) fn plan(agent: &Agent, gone: &[&str], id: &str, target: &Path) -> Result<Option<StoreEdit>, PlanError> {
    let Some(store) = &agent.store else { return Ok(None) };
    let followers: Vec<_> = store.entries.iter().filter(|entry| entry.session_id.as_deref().is_some_and(|id| gone.contains(&id))).collect();
    if followers.is_empty() {
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
    let mut changes = Vec::new();
    let mut edits: Vec<(std::ops::Range<u64>, String)> = Vec::new();
    for entry in followers {
        let key = &entry.key.raw;
        let paths = [format!("{key}.sessionId"), format!("{key}.sessionFile")];
        let located = locate(bytes.as_slice(), &[&paths[0], &paths[1]]).map_err(io)?;
        if let (Some(value), Some(from)) = (located.last(0), &entry.session_id) {
            edits.push((value.clone(), id.to_owned()));
            changes.push(FieldChange { key: key.clone(), field: "sessionId", from: from.clone(), to: id.to_owned() });
        }
        if let (Some(value), Some(from)) = (located.last(1), &entry.session_file) {
            // The folder as the gateway writes it, which is another one on a copy.
            let name = foreign::basename(from);
            let folder = from.get(..from.len().saturating_sub(name.len())).unwrap_or_default();
            let file = target.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let to = format!("{folder}{file}");
            edits.push((value.clone(), to.clone()));
            changes.push(FieldChange { key: key.clone(), field: "sessionFile", from: from.clone(), to });
        }
    }
    edits.sort_by_key(|(range, _)| range.start);
    let mut after = Vec::with_capacity(bytes.len() + 128);
    let mut at = 0usize;
    for (range, text) in edits {
        let (start, end) = (usize::try_from(range.start).unwrap_or(usize::MAX), usize::try_from(range.end).unwrap_or(usize::MAX));
        after.extend_from_slice(bytes.get(at..start).unwrap_or_default());
        after.extend_from_slice(serde_json::Value::from(text).to_string().as_bytes());
        at = end;
    }
    after.extend_from_slice(bytes.get(at..).unwrap_or_default());
    Ok(Some(StoreEdit { path: store.path.clone(), before, after, changes }))
}
