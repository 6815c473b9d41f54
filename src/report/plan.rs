//! A plan for people and for scripts.

use std::io::{self, Write};

use serde::Serialize;

use super::table::many;
use super::{ending, safe};
use crate::merge::{Effect, FieldChange, Images, Plan};
use crate::stitch::{Change, Why};

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

#[derive(Serialize)]
struct Out<'a> {
    run: &'a str,
    conversation: &'a str,
    state: &'a str,
    by_hand: bool,
    sources: Vec<SourceOut<'a>>,
    survivor: usize,
    survivor_why: &'a str,
    target: String,
    interleaved: bool,
    lines: Lines,
    changes: &'a [Change],
    remapped: &'a [(usize, String, String)],
    closed_calls: &'a [String],
    moved: Vec<String>,
    store: &'a [FieldChange],
    images: &'a Images,
    effect: &'a Effect,
    result: ResultOut<'a>,
    warnings: &'a [String],
}

#[derive(Serialize)]
struct SourceOut<'a> {
    path: String,
    session_id: &'a str,
    state: &'a str,
    bytes: u64,
    hash: &'a str,
    lines: u64,
    human_turns: u64,
}

#[derive(Serialize)]
struct Lines {
    r#in: u64,
    out: u64,
    changed: u64,
    added: u64,
    headers_moved: u64,
}

#[derive(Serialize)]
struct ResultOut<'a> {
    bytes: u64,
    hash: &'a str,
}

fn lines(plan: &Plan) -> Lines {
    let moved = plan.stitched.changes.iter().filter(|change| change.why == Why::HeaderMoved).count() as u64;
    Lines {
        r#in: plan.sources.iter().map(|source| source.lines).sum(),
        out: plan.lines_out,
        changed: plan.stitched.changes.len() as u64 - moved,
        added: plan.stitched.added,
        headers_moved: moved,
    }
}

/// Writes plans as JSON.
///
/// # Errors
/// What writing gives.
pub fn write_json(plans: &[Shown<'_>], state: &str, out: &mut dyn Write) -> io::Result<()> {
    let list: Vec<Out<'_>> = plans
        .iter()
        .map(|Shown { plan, by_hand, .. }| Out {
            run: &plan.run,
            conversation: &plan.conversation,
            state,
            by_hand: *by_hand,
            sources: plan
                .sources
                .iter()
                .map(|source| SourceOut {
                    path: source.path.to_string_lossy().into_owned(),
                    session_id: &source.session_id,
                    state: source.state,
                    bytes: source.print.len,
                    hash: &source.print.hash,
                    lines: source.lines,
                    human_turns: source.human_turns,
                })
                .collect(),
            survivor: plan.survivor,
            survivor_why: plan.survivor_why,
            target: plan.target.to_string_lossy().into_owned(),
            interleaved: plan.stitched.interleaved,
            lines: lines(plan),
            changes: &plan.stitched.changes,
            remapped: &plan.stitched.remapped,
            closed_calls: &plan.stitched.closed,
            moved: plan.moved.iter().map(|(path, _)| path.to_string_lossy().into_owned()).collect(),
            store: plan.store.as_ref().map(|store| store.changes.as_slice()).unwrap_or_default(),
            images: &plan.images,
            effect: &plan.effect,
            result: ResultOut { bytes: plan.result.0, hash: &plan.result.1 },
            warnings: &plan.warnings,
        })
        .collect();
    super::json::print(&serde_json::json!({"schema_version": 1, "plans": list}), out)
}

/// Writes plans for people.
///
/// # Errors
/// What writing gives.
pub fn write_table(plans: &[Shown<'_>], state: &str, out: &mut dyn Write) -> io::Result<()> {
    for (at, shown) in plans.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        write_plan(shown, out)?;
    }
    match state {
        "planned" => writeln!(out, "\nNothing was written. Add --apply to do it, or --out FILE to write the result elsewhere."),
        "saved" => writeln!(
            out,
            "\nThe plan is saved, and nothing else was written. `clawfix merge --from-plan FILE --apply` carries it out as long as nothing changes."
        ),
        "applied" => {
            let dir = plans.first().map(|shown| super::command::undo(&shown.plan.sessions_dir)).unwrap_or_default();
            writeln!(out, "\nDone. `{dir}` takes it back.")
        }
        _ => writeln!(out, "\nWritten. The sources and the store are untouched."),
    }
}

fn write_plan(shown: &Shown<'_>, out: &mut dyn Write) -> io::Result<()> {
    let plan = shown.plan;
    let name = |path: &std::path::Path| safe::line(&path.file_name().unwrap_or_default().to_string_lossy());
    writeln!(out, "stitch {}  in {}", safe::line(&plan.conversation), safe::line(&plan.sessions_dir.to_string_lossy()))?;
    if shown.by_hand {
        writeln!(out, "{}", ending::BY_HAND)?;
    }
    for (at, source) in plan.sources.iter().enumerate() {
        let mark = if at == plan.survivor { format!("  <- survivor: {}", plan.survivor_why) } else { String::new() };
        writeln!(
            out,
            "  {}  {}  {}, {}, {}{mark}",
            at + 1,
            name(&source.path),
            source.state,
            many(source.lines, "line"),
            many(source.human_turns, "user turn")
        )?;
    }
    writeln!(out, "  into     {}", safe::line(&plan.target.to_string_lossy()))?;
    let lines = lines(plan);
    writeln!(
        out,
        "  lines    {} in, {} out: {} changed, {} added, {} header kept in the seam",
        lines.r#in, lines.out, lines.changed, lines.added, lines.headers_moved
    )?;
    for change in plan.stitched.changes.iter().filter(|change| change.why != Why::HeaderMoved).take(12) {
        let path = plan.sources.get(change.part).map(|source| name(&source.path)).unwrap_or_default();
        writeln!(out, "           {path}:{} {}", change.line, super::json::word(&change.why))?;
    }
    if !plan.stitched.remapped.is_empty() {
        writeln!(out, "  ids      {} that occur twice get new ones", plan.stitched.remapped.len())?;
    }
    for call in &plan.stitched.closed {
        writeln!(out, "  call     {} had no result and is closed by an error result", safe::line(call))?;
    }
    for (path, _) in &plan.moved {
        writeln!(out, "  moves    {} into the journal", name(path))?;
    }
    for change in plan.store.iter().flat_map(|store| &store.changes) {
        writeln!(
            out,
            "  store    {} {}: {} -> {}",
            safe::line(&change.key),
            change.field,
            safe::line(&change.from),
            safe::line(&change.to)
        )?;
    }
    write_images(&plan.images, out)?;
    ending::write(&plan.effect, &plan.warnings, shown.done.as_deref(), out)
}

fn write_images(images: &Images, out: &mut dyn Write) -> io::Result<()> {
    let fate = if images.rewritten { "rewritten" } else { "not rewritten here" };
    let mut parts = vec![format!("{} inline", images.inline), format!("{} references that lead to their file", images.resolved)];
    let counts = [
        (images.mapped.len() as u64, format!("mapped ({fate})")),
        (images.revived.len() as u64, format!("that lead elsewhere now ({fate})")),
        (images.copied.len() as u64, format!("copied from another state directory ({fate})")),
        (images.beside, "dead, but inline in the same message".to_owned()),
        (images.pruned, "removed by OpenClaw, their reference kept".to_owned()),
        (images.pruned_bare, "removed by OpenClaw, with no reference".to_owned()),
        (images.remote, "on another server".to_owned()),
    ];
    parts.extend(counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
    parts.push(format!("{} lost", images.lost.len()));
    writeln!(out, "  images   {}", parts.join(", "))?;
    for copied in &images.copied {
        let path = |path: &std::path::Path| safe::line(&path.to_string_lossy());
        writeln!(out, "           copied: {} -> {}", path(&copied.source), path(&copied.to))?;
    }
    for path in images.lost.iter().take(8) {
        writeln!(out, "           lost: {}", safe::line(path))?;
    }
    for path in images.clashing.iter().take(8) {
        writeln!(out, "           not copied, since another picture has its name here: {}", safe::line(path))?;
    }
    Ok(())
}
