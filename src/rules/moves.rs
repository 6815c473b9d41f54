//! Entries of the path and a place on it in, the links out that move them there. No line moves, and none is lost.

use std::io;

use super::Subject;
use crate::repair::patch::Patch;
use crate::time::iso;

/// The type of the entry that is put at the end of a file whose last entry moved, so that the path still ends where it did.
const END: &str = "clawfix:end";

/// Moves entries right behind another, all of them on the path and told by their places on it; `moved` is sorted.
/// False where the links cannot carry it: entries without an id that another can hang on.
pub(super) fn relocate(subject: &Subject<'_>, patch: &mut Patch, moved: &[usize], behind: usize) -> io::Result<bool> {
    let path = subject.path();
    let id = |place: usize| path.get(place).and_then(|&at| subject.id_text(at));
    let (Some(mut tail), Some(&end), false) = (id(behind), path.last(), moved.contains(&behind)) else { return Ok(false) };
    let mut hung: Vec<(usize, &str)> = Vec::new();
    for &place in moved {
        let Some(own) = id(place) else { return Ok(false) };
        hung.push((place, std::mem::replace(&mut tail, own)));
    }
    // What followed the place follows what moved there.
    let follower = (behind + 1..path.len()).find(|place| moved.binary_search(place).is_err());
    hung.extend(follower.map(|place| (place, tail)));
    let mut new_end = if follower.is_none() { Some(tail) } else { None };
    for run in moved.chunk_by(|a, b| a + 1 == *b) {
        let (Some(before), Some(after)) = (run.first().and_then(|first| first.checked_sub(1)), run.last().map(|last| last + 1)) else {
            return Ok(false);
        };
        let Some(stays) = (if before == behind { Some(tail) } else { id(before) }) else { return Ok(false) };
        // What followed what moved follows what stood before it.
        if before != behind && after < path.len() {
            hung.push((after, stays));
        } else if after >= path.len() {
            new_end = Some(stays);
        }
        // An entry that moves back leaves the branches that hang on it to what they saw before.
        for entry in run.iter().filter(|place| **place > behind).filter_map(|place| subject.session.entry(*path.get(*place)?)) {
            for &child in subject.children(entry.id).iter().filter(|&&child| subject.place(child).is_none()) {
                patch.hang(subject, child, Some(stays))?;
            }
        }
    }
    for (place, parent) in hung {
        if let Some(&at) = path.get(place)
            && subject.parent_text(at) != Some(parent)
        {
            patch.hang(subject, at, Some(parent))?;
        }
    }
    // The last line of a file is where the path ends.
    if let (Some(new_end), Some((_, line)), Some(old_end)) = (new_end, subject.entries().next_back(), subject.id_text(end)) {
        let own = subject.fresh_id(&format!("{END}\0{old_end}"));
        let time = subject.session.last_ms().unwrap_or_default();
        let entry = serde_json::json!({"type": "custom", "customType": END, "id": own, "parentId": new_end, "timestamp": iso(time)});
        patch.line_after(subject, line.span, &entry);
        patch.stands_for.push((own, old_end.to_owned()));
    }
    Ok(true)
}
