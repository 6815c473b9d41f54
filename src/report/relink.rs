//! A plan of relinking for people and for scripts.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::table::many;
use super::{ending, safe};
use crate::merge::Effect;
use crate::relink::{Added, Images, Link, ListChange, Plan, Why};

/// A plan and what became of it.
#[derive(Debug)]
pub struct Shown<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Its sessions were named by hand, and the detector sees no split between them.
    pub by_hand: bool,
    /// The run that carried it out.
    pub done: Option<String>,
}

impl Shown<'_> {
    fn state(&self) -> &'static str {
        match &self.done {
            Some(_) => "applied",
            None if self.plan.is_done() => "already-done",
            None => "planned",
        }
    }
}

#[derive(Serialize)]
struct Out<'a> {
    run: &'a str,
    conversation: &'a str,
    state: &'a str,
    by_hand: bool,
    sources: Vec<SourceOut<'a>>,
    links: &'a [Link],
    added: Option<&'a Added>,
    store: &'a [ListChange],
    images: &'a Images,
    effect: &'a Effect,
    warnings: &'a [String],
}

#[derive(Serialize)]
struct SourceOut<'a> {
    path: String,
    session_id: &'a str,
    state: &'a str,
    bytes: u64,
    hash: &'a str,
    result: Option<ResultOut<'a>>,
}

#[derive(Serialize)]
struct ResultOut<'a> {
    bytes: u64,
    hash: &'a str,
}

/// Writes plans as JSON.
///
/// # Errors
/// What writing gives.
pub fn write_json(plans: &[Shown<'_>], applied: bool, out: &mut dyn Write) -> io::Result<()> {
    let sources = |plan| -> Vec<SourceOut<'_>> {
        let plan: &Plan = plan;
        let result = |at| plan.edited.iter().find(|edited| edited.source == at);
        plan.sources
            .iter()
            .enumerate()
            .map(|(at, source)| SourceOut {
                path: source.path.to_string_lossy().into_owned(),
                session_id: &source.session_id,
                state: source.state,
                bytes: source.print.len,
                hash: &source.print.hash,
                result: result(at).map(|edited| ResultOut { bytes: edited.result.0, hash: &edited.result.1 }),
            })
            .collect()
    };
    let list: Vec<Out<'_>> = plans
        .iter()
        .map(|shown| Out {
            run: &shown.plan.run,
            conversation: &shown.plan.conversation,
            state: shown.state(),
            by_hand: shown.by_hand,
            sources: sources(shown.plan),
            links: &shown.plan.links,
            added: shown.plan.added.as_ref(),
            store: shown.plan.store.as_ref().map(|store| store.changes.as_slice()).unwrap_or_default(),
            images: &shown.plan.images,
            effect: &shown.plan.effect,
            warnings: &shown.plan.warnings,
        })
        .collect();
    serde_json::to_writer_pretty(&mut *out, &serde_json::json!({"schema_version": 1, "applied": applied, "plans": list}))?;
    out.write_all(b"\n")
}

/// Writes plans for people.
///
/// # Errors
/// What writing gives.
pub fn write_table(plans: &[Shown<'_>], applied: bool, out: &mut dyn Write) -> io::Result<()> {
    for (at, shown) in plans.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        write_plan(shown, out)?;
    }
    match applied {
        _ if plans.iter().all(|shown| shown.plan.is_done()) => writeln!(out, "\nNothing to do."),
        true => {
            let dir = plans.first().map(|shown| super::command::undo(&shown.plan.sessions_dir)).unwrap_or_default();
            writeln!(out, "\nDone. `{dir}` takes it back.")
        }
        false => writeln!(out, "\nNothing was written. Add --apply to do it."),
    }
}

fn write_plan(shown: &Shown<'_>, out: &mut dyn Write) -> io::Result<()> {
    let plan = shown.plan;
    let name = |path: &Path| safe::line(&path.file_name().unwrap_or_default().to_string_lossy());
    writeln!(out, "relink {}  in {}", safe::line(&plan.conversation), safe::line(&plan.sessions_dir.to_string_lossy()))?;
    if shown.by_hand && !plan.is_done() {
        writeln!(out, "{}", ending::BY_HAND)?;
    }
    for (at, source) in plan.sources.iter().enumerate() {
        let lines = format!("{}, {}", many(source.lines, "line"), many(source.human_turns, "user turn"));
        writeln!(out, "  {}  {}  {}, {lines}", at + 1, name(&source.path), source.state)?;
    }
    if plan.is_done() {
        return writeln!(out, "  relinked already; nothing to do");
    }
    for link in &plan.links {
        writeln!(out, "  parent   {} -> {}", safe::line(&link.session), safe::line(&link.path))?;
    }
    for change in plan.store.iter().flat_map(|store| &store.changes) {
        writeln!(
            out,
            "  store    {} {}: {} -> {}",
            safe::line(&change.key),
            change.field,
            safe::line(&change.from.join(", ")),
            safe::line(&change.to.join(", "))
        )?;
    }
    write_images(&plan.images, out)?;
    if let Some(added) = &plan.added {
        let parent = added.parent.as_deref().unwrap_or("nothing");
        writeln!(out, "  message  {} at the end of the newest transcript, after {}", added.id, safe::line(parent))?;
    }
    ending::write(&plan.effect, &plan.warnings, shown.done.as_deref(), out)
}

fn write_images(images: &Images, out: &mut dyn Write) -> io::Result<()> {
    if images.done {
        return writeln!(out, "  images   carried by an earlier run");
    }
    let bytes: u64 = images.carried.iter().map(|image| image.bytes).sum();
    let mut parts = vec![format!("{} carried ({bytes} bytes of base64)", images.carried.len())];
    let counts = [
        (images.there, "there already"),
        (images.repeated, "the same once more"),
        (images.beside, "named beside the image itself"),
        (images.sent, "sent by the assistant"),
        (images.remote, "on another server"),
        (images.pruned, "removed before, with no file"),
        (images.left_out.len() as u64, "left out"),
        (images.lost.len() as u64, "lost"),
    ];
    parts.extend(counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
    writeln!(out, "  images   {}", parts.join(", "))?;
    for image in images.left_out.iter().take(8) {
        let why = match image.why {
            Why::TooMany => "more than --max-images",
            Why::NoRoom => "no room in --max-image-bytes",
            Why::TooLarge => "over 5 MB, which providers refuse",
            Why::UnknownType => "no PNG, JPEG, GIF or WebP",
        };
        writeln!(out, "           left out: {}:{} ({} bytes): {why}", safe::line(&image.session), image.line, image.bytes)?;
    }
    for path in images.lost.iter().take(8) {
        writeln!(out, "           lost: {}", safe::line(path))?;
    }
    Ok(())
}
