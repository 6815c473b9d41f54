//! A transcript in, the entries out that have the id of an earlier one, and whether they are copies of it. Bytes are read
//! only of lines whose ids clash.

use std::collections::{HashMap, HashSet};
use std::io::{self, Read};

use super::Subject;
use crate::read::Span;
use crate::repair::text::Text;
use crate::session::names::Ref;

/// Bytes between two lines that are read over rather than jumped over.
const READ_OVER: u64 = 256 * 1024;

/// An entry that has the id of an earlier one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clash {
    /// The entry.
    pub at: u32,
    /// The nearest earlier one with its id.
    pub before: u32,
    /// The nearest later one with its id.
    pub next: Option<u32>,
    /// Which of the entries with this id it is, from 1 for the second.
    pub nth: usize,
    /// Whether its line is a copy of the earlier one's.
    pub same: bool,
}

/// All of them, in the order of the file.
pub(super) fn clashes(subject: &Subject<'_>) -> Vec<Clash> {
    let session = subject.session;
    let ids: HashSet<Ref> = subject.shape().shadowed().iter().filter_map(|&at| Some(session.entry(at)?.id)).collect();
    if ids.is_empty() {
        return Vec::new();
    }
    let alike: Vec<_> = subject.entries().filter(|(_, entry)| ids.contains(&entry.id)).collect();
    let spans: Vec<Span> = alike.iter().map(|(_, entry)| entry.span).collect();
    // What cannot be read is the same as nothing else.
    let prints = prints(subject.text, &spans).unwrap_or_default();
    let mut last: HashMap<Ref, (u32, usize, Option<Print>, Option<usize>)> = HashMap::new();
    let mut found: Vec<Clash> = Vec::new();
    for (place, (at, entry)) in alike.into_iter().enumerate() {
        let print = prints.get(place).copied();
        let known = last.get(&entry.id).copied();
        let mut own = None;
        let nth = known.map_or(0, |(_, nth, ..)| nth + 1);
        if let Some((before, _, earlier, clash)) = known {
            if let Some(clash) = clash.and_then(|clash| found.get_mut(clash)) {
                clash.next = Some(at);
            }
            own = Some(found.len());
            found.push(Clash { at, before, next: None, nth, same: print.is_some() && print == earlier });
        }
        last.insert(entry.id, (at, nth, print, own));
    }
    found
}

type Print = (u64, blake3::Hash);

/// Length and hash of lines, which are in the order of the file. A carriage return at the end is no part of a line.
fn prints(text: &Text, spans: &[Span]) -> io::Result<Vec<Print>> {
    let mut prints = Vec::with_capacity(spans.len());
    let mut reader: Option<Box<dyn Read + '_>> = None;
    let mut at = 0u64;
    for span in spans {
        let gap = span.offset.checked_sub(at).filter(|&gap| gap <= READ_OVER);
        let mut open = match (reader.take(), gap) {
            (Some(mut open), Some(gap)) => {
                io::copy(&mut (&mut open).take(gap), &mut io::sink())?;
                open
            }
            _ => text.open(span.offset..text.len())?,
        };
        prints.push(print(&mut (&mut open).take(span.len))?);
        at = span.offset.saturating_add(span.len);
        reader = Some(open);
    }
    Ok(prints)
}

fn print(line: &mut impl Read) -> io::Result<Print> {
    let mut hash = blake3::Hasher::new();
    let mut buffer = vec![0u8; 16 * 1024];
    let (mut len, mut held) = (0u64, false);
    loop {
        let got = line.read(&mut buffer)?;
        let Some(bytes) = buffer.get(..got).filter(|bytes| !bytes.is_empty()) else { break };
        if std::mem::take(&mut held) {
            hash.update(b"\r");
            len += 1;
        }
        let bytes = match bytes.split_last() {
            Some((b'\r', rest)) => {
                held = true;
                rest
            }
            _ => bytes,
        };
        hash.update(bytes);
        len += bytes.len() as u64;
    }
    Ok((len, hash.finalize()))
}
