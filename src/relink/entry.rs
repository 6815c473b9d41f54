//! The chosen images in, one `custom_message` line at the end of a transcript out: the text that says where they come
//! from, and the image blocks.

use std::io::{self, Read, Seek, SeekFrom};

use super::images::{Images, Place};
use super::{Added, RELINK};
use crate::line::Kind;
use crate::session::Entry;
use crate::split::segment::Segment;
use crate::stitch::fields::locate;
use crate::stitch::piece::{Piece, push};
use crate::time::iso;

/// Longest value of a field that is looked at, in bytes.
const MAX_VALUE: u64 = 1 << 20;

/// Whether an earlier run already carried the images of the last of these sessions into the transcript.
pub(super) fn carries(segment: &Segment, older: &[&str]) -> io::Result<bool> {
    let Some(wanted) = older.last() else { return Ok(false) };
    for entry in segment.session.entries.iter().filter(|entry| entry.kind == Kind::CustomMessage) {
        let located = locate(line(segment, entry)?, &["customType", "details.sessions"])?;
        let text = |path: usize| -> io::Result<Option<String>> {
            let Some(value) = located.last(path).filter(|value| value.end - value.start <= MAX_VALUE) else { return Ok(None) };
            let mut raw = Vec::new();
            let mut from = line(segment, entry)?.into_inner();
            from.seek(SeekFrom::Start(entry.span.offset + value.start))?;
            from.take(value.end - value.start).read_to_end(&mut raw)?;
            Ok(serde_json::from_slice(&raw).ok())
        };
        if text(0)?.as_deref() == Some(RELINK) && text(1)?.is_some_and(|ids| ids.split(' ').any(|id| id == *wanted)) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn line(segment: &Segment, entry: &Entry) -> io::Result<io::Take<std::fs::File>> {
    let (mut file, _) = crate::platform::open_regular(&segment.file.path)?;
    file.seek(SeekFrom::Start(entry.span.offset))?;
    Ok(file.take(entry.span.len))
}

/// Appends the line to the pieces of the transcript.
pub(super) fn append(
    pieces: &mut Vec<Piece>,
    segment: &Segment,
    images: &Images,
    older: &[&str],
    run: &str,
    now_ms: i64,
) -> io::Result<Added> {
    let parent = crate::stitch::leaf_of(&segment.session, &segment.context);
    let added = Added { id: fresh_id(segment, run), parent };
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let count = images.carried.len();
    let which = if count == 1 { "The image below was".to_owned() } else { format!("The {count} images below were") };
    let note = format!(
        "[clawfix] {which} shared in the earlier part of this conversation (session {}), which had been cut off. Nobody sent anything new: this only brings back what was there.",
        older.join(", ")
    );
    let details = serde_json::json!({"run": run, "sessions": older.join(" ")});
    let head = format!(
        r#"{{"type":"custom_message","customType":"{RELINK}","id":{},"parentId":{},"timestamp":"{}","display":false,"details":{details},"content":[{{"type":"text","text":{}}}"#,
        quoted(&added.id),
        added.parent.as_deref().map_or_else(|| "null".to_owned(), quoted),
        iso(now_ms),
        quoted(&note)
    );
    push(pieces, Piece::Bytes(head.into_bytes()));
    for image in &images.carried {
        push(pieces, Piece::Bytes(br#",{"type":"image","data":""#.to_vec()));
        match &image.place {
            Place::Inline { source, range } => push(pieces, Piece::Copy { source: *source, range: range.clone() }),
            Place::File { path } => push(pieces, Piece::Bytes(super::images::base64(path, image)?)),
        }
        push(pieces, Piece::Bytes(format!(r#"","mimeType":{}}}"#, quoted(&image.mime)).into_bytes()));
    }
    push(pieces, Piece::Bytes(b"]}\n".to_vec()));
    Ok(added)
}

/// An id of eight hex digits that the transcript does not have, the same for the same run.
fn fresh_id(segment: &Segment, run: &str) -> String {
    let used: std::collections::HashSet<&str> = segment.session.names.all().collect();
    let mut made = 0u64;
    loop {
        let hash = blake3::hash(format!("{run}\0relink\0{made}").as_bytes()).to_hex();
        let id: String = hash.chars().take(8).collect();
        if !used.contains(id.as_str()) {
            return id;
        }
        made += 1;
    }
}
