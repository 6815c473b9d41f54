//! Who descends from whom: the `parentSession` of a header and the `usageFamilySessionIds` of the store, as edits that
//! leave every other byte as it is.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::apply::store::StoreValue;
use crate::foreign;
use crate::merge::PlanError;
use crate::scan::Agent;
use crate::session::HeaderLine;
use crate::split::segment::Segment;
use crate::stitch::fields::locate;
use crate::stitch::piece::Edit;
use crate::store::StoreHealth;

/// The list of the ids that a conversation went through.
const FAMILY: &str = "usageFamilySessionIds";
/// Longest header that is edited, in bytes.
const MAX_HEADER: u64 = 1 << 20;

/// A header that gets a parent.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Link {
    /// The newer session.
    pub session: String,
    /// The older session.
    pub parent: String,
    /// What `parentSession` says: the path of the older transcript, as the gateway writes it.
    pub path: String,
}

/// A list of the store that gets more ids.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ListChange {
    /// The session key.
    pub key: String,
    /// The field.
    pub field: &'static str,
    /// The ids that it holds.
    pub from: Vec<String>,
    /// The ids that it gets.
    pub to: Vec<String>,
}

/// The lists of the store that change.
#[derive(Debug, Clone)]
pub struct StoreEdit {
    /// The store.
    pub path: PathBuf,
    /// List by list.
    pub changes: Vec<ListChange>,
    /// The same as the journal keeps it.
    pub(super) values: Vec<StoreValue>,
}

/// Whether the newer transcript's header names the older one as its parent.
pub fn names_parent(newer: &Segment, older: &Segment) -> bool {
    let Some(name) = parent_of(newer).map(foreign::basename) else { return false };
    let file = &older.file.file_name;
    name == file || name == format!("{}.jsonl", older.id) || file.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'))
}

fn parent_of(segment: &Segment) -> Option<&str> {
    segment.session.header.as_ref()?.parent_session.as_deref().filter(|parent| !parent.is_empty())
}

/// The links that are not there yet, and the edits of each segment.
pub(super) fn links(agent: &Agent, segments: &[&Segment]) -> Result<(Vec<Link>, Vec<Vec<Edit>>), PlanError> {
    let mut links = Vec::new();
    let mut edits = vec![Vec::new()];
    for pair in segments.windows(2) {
        let [older, newer] = pair else { continue };
        let path = || newer.file.path.display().to_string();
        let refuse = |what: &str, next: &str| Err(PlanError::Source { path: path(), what: what.to_owned(), next: next.to_owned() });
        if names_parent(newer, older) {
            edits.push(Vec::new());
            continue;
        }
        if parent_of(newer).is_some() {
            return refuse("was forked from another transcript", "stitch the two into another file with `clawfix merge --out`");
        }
        let Some(header) = newer.session.headers.first() else {
            return refuse("has no header that could name its parent", "stitch the two with `clawfix merge` instead");
        };
        if header.span.len > MAX_HEADER {
            return refuse("has a header of more than a megabyte", "stitch the two with `clawfix merge` instead");
        }
        let parent = parent_path(agent, older, newer);
        let edit = set_parent(&newer.file.path, header, &parent).map_err(|source| PlanError::Io { path: path(), source })?;
        edits.push(vec![edit]);
        links.push(Link { session: newer.id.clone(), parent: older.id.clone(), path: parent });
    }
    Ok((links, edits))
}

/// The path by which the gateway knows the older transcript: on a copy its folder is not the one that is read here.
fn parent_path(agent: &Agent, older: &Segment, newer: &Segment) -> String {
    let entries = agent.store.iter().flat_map(|store| &store.entries);
    let folder = |only_own: bool| {
        entries.clone().filter(|entry| !only_own || entry.points_at(&newer.id, &newer.file.file_name)).find_map(|entry| {
            let file = entry.session_file.as_deref().filter(|file| foreign::is_absolute(file))?;
            file.get(..file.len() - foreign::basename(file).len()).map(str::to_owned)
        })
    };
    match folder(true).or_else(|| folder(false)) {
        Some(folder) => format!("{folder}{}", older.file.file_name),
        None => std::fs::canonicalize(&older.file.path).unwrap_or_else(|_| older.file.path.clone()).to_string_lossy().into_owned(),
    }
}

/// Sets the field; where there is none, it comes last, as the session manager writes it.
fn set_parent(path: &Path, header: &HeaderLine, parent: &str) -> io::Result<Edit> {
    let (mut file, _) = crate::platform::open_regular(path)?;
    file.seek(SeekFrom::Start(header.span.offset))?;
    let mut line = Vec::new();
    file.take(header.span.len).read_to_end(&mut line)?;
    let located = locate(line.as_slice(), &["parentSession"])?;
    let value = serde_json::Value::from(parent).to_string();
    let start = header.span.offset;
    if let Some(there) = located.last(0) {
        return Ok(Edit { range: start + there.start..start + there.end, bytes: value.into_bytes() });
    }
    let close = line.iter().rposition(|&byte| byte == b'}').unwrap_or(line.len()) as u64;
    let comma = if located.empty { "" } else { "," };
    Ok(Edit { range: start + close..start + close, bytes: format!("{comma}\"parentSession\":{value}").into_bytes() })
}

/// Puts the older ids in front of those that the store lists for the newest session. A store without such a list, or one
/// that is no plain JSON, stays as it is.
pub(super) fn family(agent: &Agent, segments: &[&Segment], warnings: &mut Vec<String>) -> Result<Option<StoreEdit>, PlanError> {
    let (Some(store), Some((newest, older))) = (&agent.store, segments.split_last()) else { return Ok(None) };
    let bound: Vec<_> = store.entries.iter().filter(|entry| entry.points_at(&newest.id, &newest.file.file_name)).collect();
    if store.health != StoreHealth::Good {
        if !bound.is_empty() {
            warnings.push("the store is not plain JSON; the lineage stands in the transcripts alone".to_owned());
        }
        return Ok(None);
    }
    let path = store.path.display().to_string();
    let io = |source| PlanError::Io { path: path.clone(), source };
    let bytes = std::fs::read(&store.path).map_err(io)?;
    let (mut changes, mut values) = (Vec::new(), Vec::new());
    for entry in bound {
        let known = &entry.family_session_ids;
        let missing: Vec<&str> =
            older.iter().map(|segment| segment.id.as_str()).filter(|id| !known.iter().any(|known| known == id)).collect();
        let path = format!("{}.usageFamilySessionIds", entry.key.raw);
        let located = locate(bytes.as_slice(), &[&path]).map_err(io)?;
        let Some(open) = located.containers.last().filter(|_| !missing.is_empty()) else { continue };
        let list = usize::try_from(open.value.start).ok().and_then(|at| list(bytes.get(at..)?));
        let Some((from, to)) = list.and_then(|list| Some((list, put_in(list, &missing)?))) else { continue };
        let key = entry.key.raw.clone();
        values.push(StoreValue { key: key.clone(), field: FAMILY.to_owned(), from: from.to_owned(), to });
        let to = missing.iter().map(|id| (*id).to_owned()).chain(known.iter().cloned()).collect();
        changes.push(ListChange { key, field: FAMILY, from: known.clone(), to });
    }
    Ok((!changes.is_empty()).then(|| StoreEdit { path: store.path.clone(), changes, values }))
}

/// The list at the beginning of these bytes, as it is written.
fn list(bytes: &[u8]) -> Option<&str> {
    let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<serde::de::IgnoredAny>();
    values.next()?.ok()?;
    std::str::from_utf8(bytes.get(..values.byte_offset())?).ok()
}

/// Puts ids behind the opening bracket of a list, in the list's own style. `None` when it is no list.
fn put_in(list: &str, ids: &[&str]) -> Option<String> {
    let tail = list.strip_prefix('[')?;
    let rest = tail.trim_start();
    let space = tail.get(..tail.len() - rest.len())?;
    let quoted: Vec<String> = ids.iter().map(|id| serde_json::Value::from(*id).to_string()).collect();
    if rest.starts_with(']') {
        return Some(format!("[{}{tail}", quoted.join(",")));
    }
    let front: String = quoted.iter().map(|id| format!("{space}{id},")).collect();
    Some(format!("[{front}{tail}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn ids_are_put_in_front_in_the_style_of_the_list() {
        for (list, expected) in [
            ("[]", r#"["a","b"]"#),
            (r#"["c"]"#, r#"["a","b","c"]"#),
            ("[ ]", r#"["a","b" ]"#),
            ("[\n  \"c\"\n]", "[\n  \"a\",\n  \"b\",\n  \"c\"\n]"),
        ] {
            assert_eq!(put_in(list, &["a", "b"]).unwrap(), expected);
        }
        assert_eq!(put_in("{}", &["a"]), None);
        assert_eq!(list(br#"["a]", {"b":[]}] ,"#), Some(r#"["a]", {"b":[]}]"#));
    }
}
