//! A conversation's timeline in, an SVG without text of the transcript out: transcripts as bars, seams as cuts, what
//! happened as marks.
//!
//! The plot is stretched to the width at hand, with strokes that keep their width, so that it needs no script; what must
//! not be stretched (cuts, labels) stands over it at a share of the width. The zoom of the script relies on both.

use super::escape::escape;
use super::page::{Page, put};
use crate::report::json::word;
use crate::report::table::many;
use crate::signal::TurnKind;
use crate::split::{Level, Seam, SeamKind};
use crate::time::{iso, minute, span};
use crate::timeline::{PictureSource, Timeline};

/// Width of the plot in its own units.
const WIDTH: f64 = 1000.0;
/// Marks nearer than this are one mark; on a wide screen a unit is about a pixel.
const PIXEL: f64 = 0.5;
/// Bars are no narrower than this.
const NARROWEST: f64 = 1.5;
/// The shortest time that a timeline spans, in ms.
const SHORTEST_MS: i64 = 5_000;
/// Labels of the axis, at most.
const LABELS: i64 = 5;
/// Steps between labels, in seconds.
const STEPS: [i64; 19] = [
    1, 5, 10, 30, 60, 300, 900, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400, 172_800, 604_800, 1_209_600, 2_592_000, 7_776_000, 31_536_000,
];

/// From times to places.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    pub(super) from_ms: i64,
    pub(super) to_ms: i64,
}

impl Scale {
    /// A scale that shows both times with a margin beside them.
    pub(super) fn around(first_ms: i64, last_ms: i64) -> Self {
        let length = last_ms.saturating_sub(first_ms).max(SHORTEST_MS);
        let margin = length / 40;
        Self { from_ms: first_ms.saturating_sub(margin), to_ms: first_ms.saturating_add(length).saturating_add(margin) }
    }

    /// The place of a time, between 0 and [`WIDTH`].
    pub(super) fn at(self, ms: i64) -> f64 {
        let length = self.to_ms.saturating_sub(self.from_ms).max(1) as f64;
        (ms.saturating_sub(self.from_ms) as f64 / length * WIDTH).clamp(0.0, WIDTH)
    }
}

/// A number with no more digits than a screen can show.
fn short(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// Marks as one path: upright strokes, or dots where the height is nothing. Those on the same pixel are one.
fn marks(times: impl Iterator<Item = i64>, scale: Scale, top: u32, height: u32) -> (usize, String) {
    let mut places: Vec<f64> = times.map(|ms| (scale.at(ms) / PIXEL).round() * PIXEL).collect();
    let count = places.len();
    places.sort_by(f64::total_cmp);
    places.dedup();
    let stroke = if height == 0 { "h0".to_owned() } else { format!("v{height}") };
    (count, places.iter().map(|x| format!("M{x} {top}{stroke}")).collect())
}

/// What happened, by the row that it is shown in.
fn mark_rows(timeline: &Timeline<'_>, scale: Scale, page: &mut Page) {
    let turns = || timeline.pieces.iter().flat_map(|piece| &piece.session.turns);
    let heartbeats = turns().filter(|turn| turn.reading.kind == TurnKind::Heartbeat).map(|turn| turn.at_ms);
    let notices = turns().filter(|turn| turn.reading.kind == TurnKind::ExecWake || !turn.reading.exec_exits.is_empty());
    for (at, piece) in timeline.pieces.iter().enumerate() {
        let people = piece.session.human_turns().map(|turn| turn.at_ms);
        put_marks(page, &format!("turn {}", age(timeline, at)), "user turn", marks(people, scale, bar_top(at) + 3, 6));
    }
    put_marks(page, "heartbeat", "heartbeat", marks(heartbeats, scale, 61, 8));
    put_marks(page, "exec", "command exit notice", marks(notices.map(|turn| turn.at_ms), scale, 71, 8));
    let images = |missing: bool| {
        let pieces = timeline.pieces.iter().flat_map(|piece| &piece.turns);
        let shown = pieces.filter(move |turn| {
            let lost = |picture: &crate::timeline::Picture<'_>| picture.resolution.as_ref().is_some_and(|to| to.path().is_none());
            let inline = turn.images.iter().any(|picture| picture.source == PictureSource::Inline);
            // The loader shows the inline copy, so a dead path beside one costs nothing.
            !turn.images.is_empty() && missing == (!inline && turn.images.iter().all(lost))
        });
        shown.filter_map(|turn| turn.entry.time())
    };
    put_marks(page, "image", "turn with an image", marks(images(false), scale, 22, 0));
    put_marks(page, "gone", "turn whose image is missing", marks(images(true), scale, 22, 0));
}

fn put_marks(page: &mut Page, class: &str, noun: &str, (count, path): (usize, String)) {
    if count > 0 {
        put!(page, r#"<path class="mark {class}" data-name="{noun}" d="{path}"><title>{}</title></path>"#, marked(count, noun));
    }
}

fn marked(count: usize, noun: &str) -> String {
    match noun.split_once(' ') {
        // The first word is what is counted, unless it only describes.
        Some(("turn", rest)) => format!("{} {rest}", many(count as u64, "turn")),
        _ => many(count as u64, noun),
    }
}

/// The newest transcript is the one that the assistant sees.
fn age(timeline: &Timeline<'_>, at: usize) -> &'static str {
    if at + 1 == timeline.pieces.len() { "newest" } else { "older" }
}

/// Neighbours stand in two rows, so that a tear of a second still shows.
fn bar_top(at: usize) -> u32 {
    if at.is_multiple_of(2) { 30 } else { 45 }
}

/// The timeline of a conversation.
pub(super) fn conversation(page: &mut Page, timeline: &Timeline<'_>, seams: &[&Seam]) {
    let bounds = timeline.pieces.iter().filter_map(|piece| piece.segment).map(|segment| (segment.start_ms, segment.last_ms));
    let first = bounds.clone().map(|(start, _)| start).min().unwrap_or_default();
    let last = bounds.map(|(start, last)| start.max(last)).max().unwrap_or_default();
    let scale = Scale::around(first, last);
    put!(
        page,
        r#"<svg class="timeline" height="98" width="100%" data-from="{}" data-to="{}" role="img" aria-label="Timeline from {} to {} UTC: {}, {}"><svg class="plot" viewBox="0 0 1000 98" preserveAspectRatio="none" width="100%" height="98"><g class="zoom">"#,
        scale.from_ms,
        scale.to_ms,
        minute(first),
        minute(last),
        many(timeline.pieces.len() as u64, "transcript"),
        many(seams.len() as u64, "cut"),
    );
    for (at, piece) in timeline.pieces.iter().enumerate() {
        let Some(segment) = piece.segment else { continue };
        let (from, to) = (scale.at(segment.start_ms), scale.at(segment.last_ms));
        put!(
            page,
            r#"<rect class="bar {}" x="{}" y="{}" width="{}" height="12"><title>{}: {}, {} – {} UTC</title></rect>"#,
            age(timeline, at),
            short(from),
            bar_top(at),
            short((to - from).max(NARROWEST)),
            escape(&crate::report::safe::short(piece.id, 13)),
            piece.state,
            minute(segment.start_ms),
            minute(segment.last_ms),
        );
    }
    mark_rows(timeline, scale, page);
    page.raw("</g><path class=\"base\" d=\"M0 82H1000\"/></svg><g class=\"axis\">");
    axis(page, scale, 94);
    page.raw("</g>");
    for seam in seams {
        let newer = timeline.agent.segments.get(seam.newer).map(|segment| segment.start_ms);
        if let Some(at_ms) = newer {
            cut(page, seam, scale.at(at_ms), at_ms);
        }
    }
    page.raw("</svg>");
}

/// A seam: a line over all rows, with the letter of its cause on top where it is damage.
fn cut(page: &mut Page, seam: &Seam, x: f64, at_ms: i64) {
    let verdict = &seam.verdict;
    put!(
        page,
        r#"<svg class="cut {} {} {}" x="{}%" data-x="{}" overflow="visible"><title>{}: {}, {}, {} UTC</title>"#,
        word(&verdict.kind),
        word(&verdict.cause),
        verdict.level.name(),
        short(x) / 10.0,
        short(x),
        if verdict.kind == SeamKind::Split { "torn" } else { "no damage" },
        verdict.cause.words(),
        verdict.level.name(),
        iso(at_ms),
    );
    glyph(page, seam.verdict.kind, letter(seam));
    page.raw("</svg>");
}

fn glyph(page: &mut Page, kind: SeamKind, letter: char) {
    if kind == SeamKind::Split {
        put!(page, r#"<path class="line" d="M0 16V60"/><circle cx="0" cy="9" r="7.5"/><text x="0" y="12.6">{letter}</text>"#);
    } else {
        page.raw(r#"<path class="line" d="M0 24V60"/>"#);
    }
}

/// The letter of a cause: no two may be told apart by colour alone.
fn letter(seam: &Seam) -> char {
    use crate::split::Cause;
    match seam.verdict.cause {
        Cause::HeartbeatRace => 'H',
        Cause::ExecNotificationRace => 'X',
        Cause::StoreLoss => 'S',
        Cause::ErrorReset => 'E',
        Cause::PolicyRollover => 'P',
        Cause::ManualReset => 'R',
        Cause::CompactionRotation => 'C',
        Cause::ThreadFork => 'F',
    }
}

/// Labels at round times, few enough for a phone.
fn axis(page: &mut Page, scale: Scale, y: u32) {
    let length = scale.to_ms.saturating_sub(scale.from_ms) / 1000;
    let step = STEPS.iter().copied().find(|step| length / step <= LABELS).unwrap_or_else(|| (length / LABELS).max(1));
    let mut at = (scale.from_ms / 1000).div_euclid(step).saturating_add(1).saturating_mul(step);
    for _ in 0..=LABELS {
        let ms = at.saturating_mul(1000);
        let x = scale.at(ms);
        let text = match step {
            // The parts of `2026-01-29T17:16:17.328Z` that change from label to label.
            ..60 => iso(ms).get(11..19).map(str::to_owned),
            60..86_400 => minute(ms).get(5..).map(str::to_owned),
            _ => minute(ms).get(..10).map(str::to_owned),
        };
        let Some(text) = text else { break };
        // A label that would be cut off at the edge says nothing.
        if ms > scale.to_ms || x > 0.95 * WIDTH {
            break;
        }
        if x > 0.05 * WIDTH {
            put!(page, r#"<text x="{}%" y="{y}">{text}</text>"#, short(x / 10.0));
        }
        at = at.saturating_add(step);
    }
}

/// The activity of an agent on the time of the whole scan: where anything went on, and every tear with a link.
pub(super) fn strip(page: &mut Page, scale: Scale, spans: &[(i64, i64)], tears: &[(i64, &Seam, String)]) {
    let mut bars: Vec<(f64, f64)> =
        spans.iter().map(|&(from, to)| (scale.at(from), scale.at(to).max(scale.at(from) + NARROWEST))).collect();
    bars.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut path = String::new();
    let mut open: Option<(f64, f64)> = None;
    for (from, to) in bars {
        match &mut open {
            Some((_, end)) if from <= *end + PIXEL => *end = end.max(to),
            _ => {
                path.extend(open.map(stroke));
                open = Some((from, to));
            }
        }
    }
    path.extend(open.map(stroke));
    put!(
        page,
        r#"<svg class="strip" height="30" width="100%" role="img" aria-label="{} over the time of the scan"><svg viewBox="0 0 1000 30" preserveAspectRatio="none" width="100%" height="30"><path class="busy" d="{path}"/></svg>"#,
        many(tears.len() as u64, "tear"),
    );
    for (at_ms, seam, anchor) in tears {
        let verdict = &seam.verdict;
        put!(
            page,
            r##"<a href="#{anchor}"><svg class="cut split {} {}" x="{}%" overflow="visible"><title>{} ({}), {} UTC</title><path class="line" d="M0 3V27"/></svg></a>"##,
            word(&verdict.cause),
            verdict.level.name(),
            short(scale.at(*at_ms) / 10.0),
            verdict.cause.words(),
            verdict.level.name(),
            minute(*at_ms),
        );
    }
    page.raw("</svg>");
}

fn stroke((from, to): (f64, f64)) -> String {
    format!("M{} 15H{}", short(from), short(to))
}

/// What the shapes and colours mean, for those that occur.
pub(super) fn legend(page: &mut Page, seams: &[&Seam]) {
    let mut causes: Vec<&Seam> = Vec::new();
    for seam in seams {
        if !causes.iter().any(|known| known.verdict.cause == seam.verdict.cause && known.verdict.kind == seam.verdict.kind) {
            causes.push(seam);
        }
    }
    page.raw("<ul class=\"legend\" aria-label=\"What the signs mean\">");
    for seam in &causes {
        let verdict = &seam.verdict;
        let kind = verdict.kind;
        let harmless = if kind == SeamKind::Split { "" } else { " (no damage)" };
        put!(
            page,
            r#"<li><svg class="key" width="20" height="30" aria-hidden="true"><svg class="cut {} {} certain" x="10" overflow="visible">"#,
            word(&kind),
            word(&verdict.cause)
        );
        if kind == SeamKind::Split {
            put!(page, r#"<path class="line" d="M0 16V30"/><circle cx="0" cy="9" r="7.5"/><text x="0" y="12.6">{}</text>"#, letter(seam));
        } else {
            page.raw(r#"<path class="line" d="M0 2V30"/>"#);
        }
        put!(page, "</svg></svg>{}{harmless}</li>", verdict.cause.words());
    }
    for level in [Level::Certain, Level::Probable, Level::Possible] {
        if seams.iter().any(|seam| seam.verdict.level == level && seam.verdict.kind == SeamKind::Split) {
            put!(
                page,
                r#"<li><svg class="key" width="20" height="30" aria-hidden="true"><svg class="cut split {0}" x="10" overflow="visible"><path class="line" d="M0 16V30"/><circle cx="0" cy="9" r="6"/></svg></svg>{0}</li>"#,
                level.name()
            );
        }
    }
    for (shape, text) in [
        (r#"<rect class="bar newest" x="1" y="9" width="22" height="12"/>"#, "transcript in the assistant’s sight"),
        (r#"<rect class="bar older" x="1" y="9" width="22" height="12"/>"#, "transcript before a cut"),
        (r#"<path class="mark turn onpage" d="M8 11v8M16 11v8"/>"#, "user turn (in the bar)"),
        (r#"<path class="mark image" d="M12 15h0"/>"#, "image"),
        (r#"<path class="mark gone" d="M12 15h0"/>"#, "missing image"),
        (r#"<path class="mark heartbeat" d="M6 10v10M12 10v10M18 10v10"/>"#, "heartbeat (upper row of ticks)"),
        (r#"<path class="mark exec" d="M6 10v10M12 10v10M18 10v10"/>"#, "command exit notice (lower row)"),
    ] {
        put!(page, r#"<li><svg class="key" width="24" height="30" aria-hidden="true">{shape}</svg>{text}</li>"#);
    }
    page.raw("</ul>");
}

/// The gap of a seam in words.
pub(super) fn gap(seam: &Seam) -> String {
    if seam.gap_ms < 0 { format!("overlap {}", span(seam.gap_ms.saturating_neg())) } else { format!("gap {}", span(seam.gap_ms)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_on_one_pixel_are_one() {
        let scale = Scale { from_ms: 0, to_ms: 1_000_000 };
        let (count, path) = marks([1_000, 1_010, 2_000, 2_001, 500_000].into_iter(), scale, 4, 8);
        assert_eq!((count, path.as_str()), (5, "M1 4v8M2 4v8M500 4v8"));
        let (count, path) = marks((0..1_000_000).map(i64::from), scale, 4, 0);
        assert_eq!(count, 1_000_000);
        assert!(path.matches('M').count() <= 2001, "bounded by the pixels there are");
    }

    #[test]
    fn no_time_is_out_of_bounds() {
        for (first, last) in [(0, 0), (i64::MIN, i64::MAX), (i64::MAX, i64::MIN), (8_640_000_000_000_000, -8_640_000_000_000_000)] {
            let scale = Scale::around(first, last);
            for ms in [i64::MIN, -1, 0, 1, first, last, i64::MAX] {
                assert!((0.0..=WIDTH).contains(&scale.at(ms)));
            }
            let mut page = Page::default();
            axis(&mut page, scale, 1);
            assert!(page.len() < 600);
        }
    }

    #[test]
    fn labels_stand_at_round_times() {
        let mut page = Page::default();
        // 2026-01-29 16:50 to 18:40 UTC.
        axis(&mut page, Scale { from_ms: 1_769_705_400_000, to_ms: 1_769_712_000_000 }, 9);
        assert!(page.text().contains(">01-29 17:00<") && page.text().contains(">01-29 17:30<"), "{}", page.text());
    }
}
