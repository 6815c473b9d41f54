//! A repair plan for people and for scripts: what is mended, what is left, and the lines that differ, with texts hidden.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::json::SCHEMA_VERSION;
use super::masked::masked;
use super::table::many;
use super::{command, safe};
use crate::repair::diff::{self, Hunk};
use crate::repair::{Mended, Plan, Sight, Step};

/// Lines that differ which are shown of one file, and places of one rule, unless all are asked for.
const LISTED: usize = 6;
/// Characters shown of one line.
const WIDEST: usize = 400;

/// A plan and what became of it.
#[derive(Debug)]
pub struct Shown<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The run that carried it out.
    pub done: Option<String>,
}

/// How much to show.
#[derive(Debug, Clone, Copy, Default)]
pub struct View {
    /// Every place and every line that differs.
    pub verbose: bool,
    /// Texts, too.
    pub show_text: bool,
}

#[derive(Serialize)]
struct Out<'a> {
    run: &'a str,
    state: &'a str,
    agent: &'a str,
    sessions_dir: String,
    files: Vec<FileOut<'a>>,
    steps: Vec<StepOut<'a>>,
    left: Vec<LeftOut<'a>>,
}

#[derive(Serialize)]
struct FileOut<'a> {
    path: String,
    session_id: &'a str,
    before: Content<'a>,
    after: Content<'a>,
    sees_before: Sight,
    sees_after: Sight,
    fixes: Vec<FixOut<'a>>,
    lost_and_found: Vec<LostOut<'a>>,
    diff: Vec<HunkOut>,
}

#[derive(Serialize)]
struct Content<'a> {
    bytes: u64,
    hash: &'a str,
}

#[derive(Serialize)]
struct FixOut<'a> {
    rule: &'a str,
    name: &'a str,
    line: Option<u64>,
    message: &'a str,
}

#[derive(Serialize)]
struct LostOut<'a> {
    rule: &'a str,
    offset: u64,
    bytes: u64,
}

#[derive(Serialize)]
struct HunkOut {
    line: u64,
    old: Vec<String>,
    new: Vec<String>,
}

#[derive(Serialize)]
struct StepOut<'a> {
    rule: &'a str,
    name: &'a str,
    message: &'a str,
    change: String,
}

#[derive(Serialize)]
struct LeftOut<'a> {
    rule: &'a str,
    name: &'a str,
    path: String,
    line: Option<u64>,
    why: &'a str,
}

/// Writes plans as JSON; `state` is `planned` or `applied`.
///
/// # Errors
/// What writing, and reading the lines that differ, gives.
pub fn write_json(plans: &[Shown<'_>], state: &str, view: View, out: &mut dyn Write) -> io::Result<()> {
    let mut list = Vec::new();
    for Shown { plan, .. } in plans {
        let mut files = Vec::new();
        for file in &plan.files {
            files.push(file_out(file, state, view)?);
        }
        list.push(Out {
            run: &plan.run,
            state,
            agent: &plan.agent,
            sessions_dir: plan.sessions_dir.to_string_lossy().into_owned(),
            files,
            steps: plan
                .steps
                .iter()
                .map(|planned| StepOut {
                    rule: planned.rule.code,
                    name: planned.rule.name,
                    message: &planned.message,
                    change: words(&planned.step),
                })
                .collect(),
            left: plan
                .left
                .iter()
                .map(|left| LeftOut {
                    rule: left.rule.code,
                    name: left.rule.name,
                    path: left.path.to_string_lossy().into_owned(),
                    line: left.line,
                    why: &left.why,
                })
                .collect(),
        });
    }
    super::json::print(&serde_json::json!({"schema_version": SCHEMA_VERSION, "repairs": list}), out)
}

fn file_out<'a>(file: &'a Mended, state: &str, view: View) -> io::Result<FileOut<'a>> {
    // After the run the original is in the journal, and the lines are not looked up again.
    let hunks = if state == "planned" { diff::hunks(file)? } else { Vec::new() };
    let lines = |bytes: &[u8]| shown(bytes, view).lines().map(str::to_owned).collect();
    Ok(FileOut {
        path: file.path.to_string_lossy().into_owned(),
        session_id: &file.session_id,
        before: Content { bytes: file.before.len, hash: &file.before.hash },
        after: Content { bytes: file.after.0, hash: &file.after.1 },
        sees_before: file.sight.0,
        sees_after: file.sight.1,
        fixes: file
            .fixed
            .iter()
            .map(|fixed| FixOut { rule: fixed.rule.code, name: fixed.rule.name, line: fixed.line, message: &fixed.message })
            .collect(),
        lost_and_found: file
            .lost
            .iter()
            .map(|lost| LostOut { rule: lost.rule, offset: lost.range.start, bytes: lost.range.end.saturating_sub(lost.range.start) })
            .collect(),
        diff: hunks.iter().map(|hunk| HunkOut { line: hunk.line, old: lines(&hunk.old), new: lines(&hunk.new) }).collect(),
    })
}

/// Writes plans for people.
///
/// # Errors
/// As [`write_json`].
pub fn write_table(plans: &[Shown<'_>], view: View, out: &mut dyn Write) -> io::Result<()> {
    let mut first = true;
    for Shown { plan, done } in plans {
        if !std::mem::take(&mut first) {
            writeln!(out)?;
        }
        let verb = if done.is_some() { "mended" } else { "to mend" };
        let files = many(plan.files.len() as u64, "transcript");
        writeln!(out, "agent {}: {files} {verb}, {}", safe::line(&plan.agent), many(plan.steps.len() as u64, "other change"))?;
        for file in &plan.files {
            write_file(file, done.is_some(), view, out)?;
        }
        for planned in &plan.steps {
            writeln!(out, "\n  {}  {}", planned.rule.code, safe::line(&planned.message))?;
            writeln!(out, "         {}", safe::line(&words(&planned.step)))?;
        }
        if !plan.left.is_empty() {
            writeln!(out, "\n  left as it is")?;
        }
        for left in plan.left.iter().take(if view.verbose { usize::MAX } else { LISTED }) {
            let line = left.line.map(|line| format!(":{line}")).unwrap_or_default();
            writeln!(out, "    {}  {}{line}  {}", left.rule.code, name(&left.path), safe::line(&left.why))?;
        }
        if plan.left.len() > LISTED && !view.verbose {
            writeln!(out, "    … and {} more (-v shows them)", plan.left.len() - LISTED)?;
        }
        if let Some(run) = done {
            writeln!(out, "\n  done     run {run}; the originals are in its journal")?;
            writeln!(out, "  back     {}", command::undo(&plan.sessions_dir))?;
        }
    }
    Ok(())
}

fn write_file(file: &Mended, done: bool, view: View, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n  {}", name(&file.path))?;
    let mut rules: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for fixed in &file.fixed {
        rules.entry(fixed.rule.code).or_default().push(fixed);
    }
    let most = if view.verbose { usize::MAX } else { LISTED };
    for (code, places) in &rules {
        for fixed in places.iter().take(most) {
            let line = fixed.line.map_or_else(String::new, |line| format!("line {line}: "));
            writeln!(out, "    {code}  {line}{}", safe::line(&fixed.message))?;
        }
        if places.len() > most {
            writeln!(out, "    {code}  … and {} more (-v shows them)", places.len() - most)?;
        }
    }
    let (before, after) = file.sight;
    let fails = |sight: Sight| if sight.loads { "" } else { " (the loader fails)" };
    writeln!(
        out,
        "    model  sees {} messages and {} images now{}, {} and {} after{}",
        before.messages,
        before.images,
        fails(before),
        after.messages,
        after.images,
        fails(after)
    )?;
    let lost: u64 = file.lost.iter().map(|lost| lost.range.end.saturating_sub(lost.range.start)).sum();
    if lost > 0 {
        writeln!(out, "    lost   {} go to the lost-and-found in the run's journal", many(lost, "byte"))?;
    }
    if done {
        return Ok(());
    }
    let hunks = diff::hunks(file)?;
    for hunk in hunks.iter().take(most) {
        write_hunk(hunk, view, out)?;
    }
    if hunks.len() > most {
        writeln!(out, "    … and {} more places differ (-v shows them)", hunks.len() - most)?;
    }
    Ok(())
}

fn write_hunk(hunk: &Hunk, view: View, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "    @ line {}", hunk.line)?;
    let dots = |cut: bool| if cut { "…" } else { "" };
    let (old, new) = (shown(&hunk.old, view), shown(&hunk.new, view));
    for (sign, text, other) in [('-', &old, &new), ('+', &new, &old)] {
        for line in text.lines() {
            // Lines that stand alone on both sides differ at one place, which is what is to be seen.
            let alone = text.lines().count() == 1 && other.lines().count() == 1;
            let line = if alone { around_change(line, other.trim_end_matches('\n')) } else { line.to_owned() };
            writeln!(out, "    {sign} {}{}{}", dots(hunk.cut.0), safe::short(&safe::line(&line), WIDEST), dots(hunk.cut.1))?;
        }
    }
    Ok(())
}

/// A long line shortened where it is the same as another: its beginning, and the part around what differs.
fn around_change(line: &str, other: &str) -> String {
    /// Characters kept of the beginning, and on either side of the change.
    const KEPT: usize = 60;
    let chars: Vec<char> = line.chars().collect();
    let theirs: Vec<char> = other.chars().collect();
    let same = chars.iter().zip(&theirs).take_while(|(a, b)| a == b).count();
    let most = chars.len().min(theirs.len()).saturating_sub(same);
    let tail = chars.iter().rev().zip(theirs.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    let end = chars.len().saturating_sub(tail);
    let part = |from: usize, to: usize| chars.get(from..to.max(from)).unwrap_or_default().iter().collect::<String>();
    let front = if same > KEPT * 2 { format!("{}…{}", part(0, KEPT), part(same - KEPT, same)) } else { part(0, same) };
    let back = if tail > KEPT { format!("{}…", part(end, end + KEPT)) } else { part(end, chars.len()) };
    format!("{front}{}{back}", part(same, end))
}

fn shown(bytes: &[u8], view: View) -> String {
    if view.show_text { String::from_utf8_lossy(bytes).into_owned() } else { masked(bytes) }
}

fn name(path: &Path) -> String {
    safe::line(&path.file_name().unwrap_or_default().to_string_lossy())
}

/// What a step does, in words.
fn words(step: &Step) -> String {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    match step {
        Step::Store(value) if value.field.is_empty() => format!("store: entry {} is put in", value.key),
        Step::Store(value) => format!("store: {} {}: {} -> {}", value.key, value.field, value.from, value.to),
        Step::Move(path) => format!("{} moves into the journal", name(path)),
        Step::Touch(path) => format!("{} gets the present as its time of change", name(path)),
        Step::Restore { path, from } => format!("{} gets the content of {}", name(path), name(from)),
    }
}
