//! The timeline for people: a heading for each segment, a line for each turn, a cut line with its proof at each seam.

use std::io::{self, Write};

use super::lines::{pack, wrap};
use super::{ShowReport, Showing};
use crate::discover::RootKind;
use crate::foreign;
use crate::media::Resolution;
use crate::report::table::{NARROWEST, Paint, WIDEST, bytes, file_of, many, missing, period};
use crate::report::{command, json, safe};
use crate::rules::Severity;
use crate::scan::{ImageCount, command_root};
use crate::split::evidence::Question;
use crate::split::{Level, Seam, SeamKind, Side};
use crate::time::{iso, minute, span};
use crate::timeline::text::{Text, Texts};
use crate::timeline::{Picture, PictureSource, Piece, Turn, TurnOf};

/// Tool steps in a row that are folded into one line, unless `-v` or `--show-text` asks for all.
const FOLDED_FROM: usize = 3;
/// Columns in front of the text of a turn.
const INDENT: usize = 6;

/// The format `table`.
#[derive(Debug)]
pub struct Table;

impl ShowReport for Table {
    fn write(&self, showing: &Showing<'_>, out: &mut dyn Write) -> io::Result<()> {
        let view = &showing.outcome.view;
        let width = usize::from(view.width.clamp(NARROWEST, WIDEST));
        let page = Page { showing, paint: Paint(view.color), width };
        page.heading(out)?;
        let mut hidden = 0;
        for piece in &showing.timeline.pieces {
            if let Some(seam) = piece.seam {
                page.seam(seam, out)?;
            }
            page.piece(piece, out)?;
            hidden += piece.turns.iter().filter(|turn| !turn.in_context).count();
        }
        writeln!(out)?;
        if hidden > 0 {
            writeln!(out, "{}", page.paint.dim("× the model does not see this turn, even in its own session"))?;
        }
        if !showing.text {
            writeln!(out, "{}", page.paint.dim("--show-text shows what was said"))?;
        }
        page.mend(out)
    }
}

struct Page<'a> {
    showing: &'a Showing<'a>,
    paint: Paint,
    width: usize,
}

impl Page<'_> {
    fn heading(&self, out: &mut dyn Write) -> io::Result<()> {
        let timeline = self.showing.timeline;
        let agent = safe::line(&timeline.agent.dir.agent);
        let Some(held) = timeline.conversation else {
            return writeln!(out, "{}  in no conversation, agent {agent}", self.paint.bold("a session alone"));
        };
        let facts = json::conversation(self.showing.outcome, timeline.agent, held);
        let chats: Vec<String> = facts.chats.iter().map(|chat| safe::short(&safe::line(&chat.id), 32)).take(3).collect();
        let chat = if chats.is_empty() { String::new() } else { format!("chat {}, ", chats.join(", ")) };
        let inferred = facts.key_source.map_or(String::new(), |source| match json::word(&source).as_str() {
            "store" => String::new(),
            other => format!(" ({other})"),
        });
        let key = facts
            .key
            .as_deref()
            .map_or_else(|| "no key known".to_owned(), |key| format!("key {}{inferred}", safe::short(&safe::line(key), 56)));
        writeln!(out, "{}  {chat}{key}", self.paint.bold(&facts.id))?;
        let torn = held.seams.iter().filter(|seam| seam.verdict.kind == SeamKind::Split).count() as u64;
        let torn = if torn == 0 { "not torn".to_owned() } else { format!("torn in {}", many(torn, "place")) };
        writeln!(out, "agent {agent}: {}, {torn}", many(held.segments.len() as u64, "session"))
    }

    /// The command that stitches it, where it is torn.
    fn mend(&self, out: &mut dyn Write) -> io::Result<()> {
        let (scan, agent) = (self.showing.outcome.scan, self.showing.timeline.agent);
        let Some(held) = self.showing.timeline.conversation else { return Ok(()) };
        let torn = held.seams.iter().filter(|seam| seam.verdict.kind == SeamKind::Split);
        let Some(level) = torn.map(|seam| seam.verdict.level).min() else { return Ok(()) };
        let single = scan.roots.get(agent.dir.root).is_some_and(|root| root.kind == RootKind::Transcript);
        let root = if single { &agent.dir.dir } else { command_root(scan, agent) };
        writeln!(out, "mend: {}", self.paint.bold(&command::merge_in(root, &agent.conversation_id(held), level)))
    }

    fn piece(&self, piece: &Piece<'_>, out: &mut dyn Write) -> io::Result<()> {
        let session = piece.session;
        let times = piece.segment.map(period).or_else(|| session.first_ms().map(minute));
        let machine = piece.machine.map(|machine| format!(", {} session", machine.name())).unwrap_or_default();
        let asked = if piece.marked { "  ◄ asked for" } else { "" };
        let id = safe::short(&safe::line(piece.id), 36);
        writeln!(out, "\n{}  {}{machine}{asked}", self.paint.bold(&id), piece.state)?;
        let (turns, seen) = piece.seen();
        let people = session.human_turns().count() as u64;
        let images = self.images(piece);
        let times = times.map(|times| format!("{times} UTC, ")).unwrap_or_default();
        self.wrapped(2, &format!("{times}{}, {}{}", many(people, "user turn"), many(images.shown(), "image"), missing(images)), out)?;
        match piece.context.failure {
            Some(failure) => self.wrapped(2, &format!("the model sees nothing of it: {}", failure.reason()), out)?,
            None if turns == 0 => {}
            None => {
                let all = if seen == turns {
                    format!("all {}", many(turns as u64, "turn"))
                } else {
                    format!("{seen} of {}", many(turns as u64, "turn"))
                };
                let inline = u64::from(piece.context.images);
                let inline = if inline == 0 { String::new() } else { format!(" and {}", many(inline, "inline image")) };
                self.wrapped(2, &format!("the model sees {all} of it{inline}"), out)?;
            }
        }
        if session.fault_count > 0 {
            self.wrapped(2, &format!("{} not read as they stand; `clawfix scan` tells why", many(session.fault_count, "line")), out)?;
        }
        if let Some(change) = session.change {
            writeln!(out, "  the file {} while it was read", change.verb())?;
        }
        writeln!(out, "  {}", self.paint.dim(&safe::line(&piece.file.path.to_string_lossy())))?;
        self.turns(piece, out)
    }

    fn images(&self, piece: &Piece<'_>) -> ImageCount {
        let agent = self.showing.timeline.agent;
        let at = agent.segments.iter().position(|segment| segment.file.path == piece.file.path);
        let counted = at.and_then(|at| agent.images.get(at)).copied();
        counted.unwrap_or_else(|| {
            let pictures = || piece.turns.iter().flat_map(|turn| &turn.images);
            let count = |source| pictures().filter(|picture| picture.source == source).count() as u64;
            let missing = pictures().filter(|picture| is_missing(picture)).count() as u64;
            ImageCount { inline: count(PictureSource::Inline), referenced: count(PictureSource::Reference), missing }
        })
    }

    fn turns(&self, piece: &Piece<'_>, out: &mut dyn Write) -> io::Result<()> {
        let fold = !self.showing.outcome.view.verbose && !self.showing.text;
        let mut texts = self.showing.text.then(|| Texts::open(piece.file));
        let mut day = String::new();
        let mut rest = piece.turns.as_slice();
        while let Some((first, after)) = rest.split_first() {
            self.day(first, &mut day, out)?;
            let steps = rest.iter().take_while(|turn| is_tool_step(turn)).count();
            if fold && steps >= FOLDED_FROM {
                let (run, after) = rest.split_at_checked(steps).unwrap_or((rest, &[]));
                self.folded(run, out)?;
                rest = after;
                continue;
            }
            self.turn(first, out)?;
            if let Some(texts) = &mut texts {
                self.text(&texts.of(piece.session, first.entry), out)?;
            }
            rest = after;
        }
        Ok(())
    }

    /// The day, in front of its first turn.
    fn day(&self, turn: &Turn<'_>, shown: &mut String, out: &mut dyn Write) -> io::Result<()> {
        let Some((day, _)) = turn.entry.time().map(day_and_time).filter(|(day, _)| day != shown) else { return Ok(()) };
        writeln!(out, "  {}", self.paint.dim(&day))?;
        *shown = day;
        Ok(())
    }

    fn turn(&self, turn: &Turn<'_>, out: &mut dyn Write) -> io::Result<()> {
        let entry = turn.entry;
        let mut notes = Vec::new();
        if entry.text_len > 0 {
            notes.push(bytes(u64::from(entry.text_len)));
        }
        if entry.flags.calls {
            notes.push("calls tools".to_owned());
        }
        if entry.flags.failed {
            notes.push("failed".to_owned());
        }
        notes.extend(turn.images.iter().map(image));
        self.row(&lead(if turn.in_context { ' ' } else { '×' }, turn), turn.kind, &notes, out)
    }

    /// A line of a turn: its kind in colour, its notes wrapped beside it.
    fn row(&self, lead: &str, kind: TurnOf, notes: &[String], out: &mut dyn Write) -> io::Result<()> {
        let name = format!("{:<14}", kind.name());
        let name = match kind {
            TurnOf::User(kind) if kind.is_human() => self.paint.bold(&name),
            TurnOf::User(_) => self.paint.severity(Severity::Info, &name),
            _ => name,
        };
        let taken = lead.chars().count() + 15;
        let mut notes = pack(notes, self.width.saturating_sub(taken)).into_iter();
        let first = format!("{lead}{name} {}", notes.next().unwrap_or_default());
        writeln!(out, "{}", first.trim_end())?;
        notes.try_for_each(|line| writeln!(out, "{}{}", " ".repeat(taken), line))
    }

    /// Several tool calls and results on one line.
    fn folded(&self, run: &[Turn<'_>], out: &mut dyn Write) -> io::Result<()> {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { return Ok(()) };
        let mut notes = vec![format!("{} tool steps to line {}", run.len(), last.entry.line)];
        if let (Some(from), Some(to)) = (first.entry.time(), last.entry.time())
            && to - from >= 1000
        {
            notes.push(format!("in {}", span(to - from)));
        }
        let images = run.iter().map(|turn| turn.images.len() as u64).sum();
        if images > 0 {
            notes.push(many(images, "image"));
        }
        let unseen = run.iter().filter(|turn| !turn.in_context).count();
        let mark = if unseen == run.len() { '×' } else { ' ' };
        if unseen > 0 && unseen < run.len() {
            notes.push(format!("{unseen} of them not seen by the model"));
        }
        self.row(&lead(mark, first), TurnOf::Tool, &notes, out)
    }

    fn text(&self, text: &Text, out: &mut dyn Write) -> io::Result<()> {
        match text {
            Text::Said { text, calls } => {
                let text = safe::block(text);
                if !text.trim().is_empty() {
                    for line in text.trim_end().split('\n') {
                        self.wrapped(INDENT, line, out)?;
                    }
                }
                if !calls.is_empty() {
                    let calls = format!("calls {}", safe::line(&calls.join(", ")));
                    for line in wrap(&calls, self.width.saturating_sub(INDENT)) {
                        writeln!(out, "{}{}", " ".repeat(INDENT), self.paint.dim(&line))?;
                    }
                }
                Ok(())
            }
            Text::Changed => self.wrapped(INDENT, "(not shown: the file has changed since it was read)", out),
            Text::Unreadable(why) => self.wrapped(INDENT, &format!("(not shown: {})", safe::line(why)), out),
        }
    }

    fn seam(&self, seam: &Seam, out: &mut dyn Write) -> io::Result<()> {
        let agent = self.showing.timeline.agent;
        let (Some(older), Some(newer)) = (agent.segments.get(seam.older), agent.segments.get(seam.newer)) else { return Ok(()) };
        let verdict = &seam.verdict;
        let (severity, what) = match (verdict.kind, verdict.level) {
            (SeamKind::Split, Level::Certain) => (Severity::Error, format!("torn by {}", verdict.cause.words())),
            (SeamKind::Split, _) => (Severity::Warning, format!("torn by {}", verdict.cause.words())),
            (kind, _) => (Severity::Info, format!("{}: {}", json::word(&kind), verdict.cause.words())),
        };
        let gap = if seam.gap_ms < 0 { format!("overlap {}", span(-seam.gap_ms)) } else { format!("gap {}", span(seam.gap_ms)) };
        let cut = if verdict.kind == SeamKind::Split { "✂ " } else { "" };
        let head = format!("── {cut}{what} ({}, score {:.2}), {gap} ", verdict.level.name(), verdict.score);
        let rule = "─".repeat(self.width.saturating_sub(head.chars().count()));
        writeln!(out, "\n{}", self.paint.severity(severity, &format!("{head}{rule}")))?;
        if verdict.kind == SeamKind::Split {
            let images = agent.images.get(seam.older).copied().unwrap_or_default();
            let lost = format!(
                "out of the assistant's sight from here on: {} and {}{}",
                many(older.human_count() as u64, "user turn"),
                many(images.shown(), "image"),
                missing(images)
            );
            self.wrapped(2, &lost, out)?;
        }
        for evidence in &verdict.evidence {
            let at = if evidence.side == Side::Older { older } else { newer };
            let place = evidence.line.map_or_else(|| file_of(&at.file.path), |line| format!("{}:{line}", file_of(&at.file.path)));
            let sign = if matches!(evidence.item.question, Question::Innocent | Question::Veto) { '-' } else { '+' };
            let lead = format!("  {} {sign}{:.1}  ", evidence.item.code, evidence.weight);
            let indent = lead.chars().count();
            let lines = wrap(&format!("{} [{place}]", safe::line(&evidence.message)), self.width.saturating_sub(indent));
            for (at, line) in lines.iter().enumerate() {
                writeln!(out, "{}{line}", if at == 0 { lead.clone() } else { " ".repeat(indent) })?;
            }
        }
        let rule = "─".repeat(self.width);
        writeln!(out, "{}", self.paint.severity(severity, &rule))
    }

    /// Lines of text that is safe, with that many columns in front.
    fn wrapped(&self, indent: usize, text: &str, out: &mut dyn Write) -> io::Result<()> {
        for line in wrap(text, self.width.saturating_sub(indent)) {
            writeln!(out, "{}", format_args!("{}{line}", if line.is_empty() { String::new() } else { " ".repeat(indent) }))?;
        }
        Ok(())
    }
}

/// The front of a turn's line.
fn lead(mark: char, turn: &Turn<'_>) -> String {
    let time = turn.entry.time().map(|at| day_and_time(at).1).unwrap_or_default();
    format!("{mark} {time:<8} {:>6}  ", turn.entry.line)
}

/// Whether a turn is a step of the assistant's work: a result, or a call without a word.
fn is_tool_step(turn: &Turn<'_>) -> bool {
    turn.kind == TurnOf::Tool || (turn.kind == TurnOf::Assistant && turn.entry.flags.calls && turn.entry.text_len == 0)
}

fn is_missing(picture: &Picture<'_>) -> bool {
    picture.resolution.as_ref().is_some_and(|resolution| resolution.path().is_none())
}

/// An image, in a few words.
fn image(picture: &Picture<'_>) -> String {
    let name = picture.path.map(|path| short_name(foreign::basename(path))).unwrap_or_default();
    match (picture.source, &picture.resolution) {
        (PictureSource::Inline, _) => {
            let mime = picture.mime.map_or_else(|| "image".to_owned(), |mime| safe::short(&safe::line(mime), 24));
            format!("inline {mime} {}", bytes(picture.bytes.unwrap_or_default()))
        }
        (PictureSource::Remote, _) => "image at a remote address".to_owned(),
        (PictureSource::Pruned, _) => "image data taken out".to_owned(),
        (PictureSource::Reference, Some(Resolution::Missing)) => format!("{name} missing"),
        (PictureSource::Reference, Some(Resolution::ByName(_))) => format!("{name} found by name"),
        (PictureSource::Reference, _) => format!("{name} found"),
    }
}

/// The first characters of a file's name and its ending: media files are named by uuid.
fn short_name(name: &str) -> String {
    let name = safe::line(name);
    match name.rsplit_once('.') {
        Some((stem, ending)) if stem.chars().count() > 12 => format!("{}.{}", safe::short(stem, 9), safe::short(ending, 8)),
        _ => safe::short(&name, 24),
    }
}

/// UTC ms as a day and a time of day.
fn day_and_time(ms: i64) -> (String, String) {
    let text = iso(ms);
    let (day, time) = text.split_once('T').unwrap_or((&text, ""));
    (day.to_owned(), time.chars().take(8).collect())
}
