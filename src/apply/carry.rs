//! Lines that came to a file after a run, on their way to the file that they belong to when the run is taken back.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::stitch::fields::locate;

/// Longest tail whose links are rewritten, in bytes; a longer one is copied as it is.
const MAX_TAIL: u64 = 256 << 20;

/// The lines that were appended to one file.
#[derive(Debug, Clone)]
pub(super) struct Carry {
    /// The file they stand in, relative to the sessions folder.
    pub from: PathBuf,
    /// Where they begin.
    pub offset: u64,
    /// Their length in bytes.
    pub more: u64,
    /// The file they go to, relative to the sessions folder.
    pub heir: PathBuf,
    /// Ids that entries had in the one file and have in the other.
    pub renames: Vec<(String, String)>,
}

impl Carry {
    /// The lines as they are to stand in the heir.
    pub(super) fn open(&self, sessions: &Path) -> io::Result<Box<dyn Read>> {
        let mut file = File::open(sessions.join(&self.from))?;
        file.seek(SeekFrom::Start(self.offset))?;
        let mut tail = file.take(self.more);
        if self.renames.is_empty() || self.more > MAX_TAIL {
            return Ok(Box::new(tail));
        }
        let mut bytes = Vec::new();
        tail.read_to_end(&mut bytes)?;
        Ok(Box::new(io::Cursor::new(relinked(&bytes, &self.renames)?)))
    }
}

/// Gives the links of lines the ids of the file they go to. Every other byte stays.
fn relinked(lines: &[u8], renames: &[(String, String)]) -> io::Result<Vec<u8>> {
    const FIELDS: [&str; 5] = ["parentId", "firstKeptEntryId", "targetId", "fromId", "appendParentId"];
    let mut out = Vec::with_capacity(lines.len());
    for line in lines.split_inclusive(|&byte| byte == b'\n') {
        if serde_json::from_slice::<serde::de::IgnoredAny>(line).is_err() {
            out.extend_from_slice(line);
            continue;
        }
        let mut fields = locate(line, &FIELDS)?.fields;
        fields.sort_by_key(|field| field.value.start);
        let mut at = 0usize;
        for field in fields {
            let (Ok(start), Ok(end)) = (usize::try_from(field.value.start), usize::try_from(field.value.end)) else { continue };
            let id = line.get(start..end).and_then(|raw| serde_json::from_slice::<String>(raw).ok());
            let Some((_, new)) = renames.iter().find(|(old, _)| Some(old) == id.as_ref()) else { continue };
            out.extend_from_slice(line.get(at..start).unwrap_or_default());
            out.extend_from_slice(serde_json::Value::from(new.as_str()).to_string().as_bytes());
            at = end;
        }
        out.extend_from_slice(line.get(at..).unwrap_or_default());
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn links_lead_to_the_ids_of_the_old_file() {
        let renames = [("new".to_owned(), "old".to_owned())];
        let lines = "{\"id\":\"new2\", \"parentId\" : \"new\",\"n\":1.50}\r\n{torn \"parentId\":\"new\"\n{\"parentId\":null,\"x\":\"new\"}";
        let expected = lines.replacen("\"new\"", "\"old\"", 1);
        assert_eq!(String::from_utf8(relinked(lines.as_bytes(), &renames).unwrap()).unwrap(), expected);
    }
}
