//! What the reports of all plans end with: the effect on the model, warnings, and the run that was made.

use std::io::{self, Write};

use super::safe;
use crate::merge::Effect;

/// Said of sessions that a person named where the detector sees no split.
pub(super) const BY_HAND: &str = "  NOTICE  you named these sessions; the detector sees no split between them";

/// Writes what the model sees before and after, the warnings, and the run, if there is one.
pub(super) fn write(effect: &Effect, warnings: &[String], run: Option<&str>, out: &mut dyn Write) -> io::Result<()> {
    let (before, after) = (effect.before, effect.after);
    let window = effect.window.map(|window| format!(" of a window of {window}")).unwrap_or_default();
    writeln!(
        out,
        "  model    sees {} messages and {} images now, {} and {} after (about {} tokens{window})",
        before.messages, before.images, after.messages, after.images, after.tokens
    )?;
    for warning in warnings {
        writeln!(out, "  WARNING  {}", safe::line(warning))?;
    }
    match run {
        Some(run) => writeln!(out, "  done     run {run}; the originals are in its journal"),
        None => Ok(()),
    }
}
