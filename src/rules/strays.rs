//! Tool results that answer no call: how they are told, and how they become messages that every provider takes.

use std::io;

use super::pairs::{Stray, about};
use super::{Spot, Subject, moves};
use crate::repair::patch::{Patch, absolute, quoted};

/// A place for each, as `message` words it.
pub(super) fn spots(subject: &Subject<'_>, strays: &[Stray], message: impl Fn(&Stray) -> String, spots: &mut Vec<Spot>) {
    for stray in strays {
        let spot = Spot::at_entry(subject, stray.result, message(stray));
        spots.push(if stray.unsure {
            spot.not_mendable("a message without a role stands before it, which may hold the call: mend that first (CF407)")
        } else if stray.behind.is_some() && !subject.is_linked() {
            spot.not_mendable("nothing: it stands between the results of a call, and a version 1 transcript has no links to move it by")
        } else {
            spot
        });
    }
}

/// Turns the result into a message of the role `custom`, which the model reads as a user turn with the same content. Where
/// it stands among the results of a call, it moves behind them, since nothing may part those.
pub(super) fn demote(subject: &Subject<'_>, spot: &Spot, strays: &[Stray], custom_type: &str) -> io::Result<Option<Patch>> {
    let Some(stray) = about(strays, spot.entry, |stray| stray.result) else { return Ok(None) };
    let Some(entry) = subject.session.entry(stray.result) else { return Ok(None) };
    let mut patch = Patch::new();
    let mut done = false;
    patch.within(subject, entry.span, |patch, tree| {
        let Some(message) = tree.root().get("message") else { return };
        let (Some(role), Some((body, _))) = (message.get("role"), message.insertion()) else { return };
        patch.set(absolute(entry.span, role.range()), quoted("custom"));
        let mut fields = Vec::new();
        for (key, value) in [("customType", quoted(custom_type)), ("display", b"false".to_vec())] {
            if message.get(key).is_none() {
                fields.extend(quoted(key));
                fields.push(b':');
                fields.extend(value);
                fields.push(b',');
            }
        }
        patch.insert(absolute(entry.span, body..body).start, fields);
        done = true;
    })?;
    if !done {
        return Ok(None);
    }
    if let Some(behind) = stray.behind {
        let (Some(place), Some(behind)) = (subject.place(stray.result), subject.place(behind)) else { return Ok(None) };
        if !moves::relocate(subject, &mut patch, &[place], behind)? {
            return Ok(None);
        }
    }
    Ok(Some(patch))
}

/// An id as a message shows it; some providers make them hundreds of bytes long.
pub(super) fn clip(id: &str) -> &str {
    const SHOWN: usize = 40;
    id.char_indices().nth(SHOWN).map_or(id, |(end, _)| id.get(..end).unwrap_or(id))
}
