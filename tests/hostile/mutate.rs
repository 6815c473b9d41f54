//! Real transcripts, cut, spliced, flipped, doubled and shuffled by a seeded generator: the reader accounts for every
//! byte and every line, and nothing panics.

use std::path::{Path, PathBuf};

use clawfix::discover::Environment;
use clawfix::read::{LineSink, Quality, Span, blocks};
use clawfix::report::{Format, Outcome, View, Withheld};
use clawfix::scan::{Options, Silent};
use clawfix::session::{Reader, Session};
use clawfix::{context, rules};

/// SplitMix64: the same mutations on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % sides.max(1) as u64) as usize
    }
}

/// Changes some bytes or lines in place.
fn mutate(bytes: &mut Vec<u8>, other: &[u8], dice: &mut Dice) {
    const MEAN: [&[u8]; 10] = [b"\0", b"\n", b"\"", b"\\", b"{", b"]", b"\xFF", b"\r\n", b"\"id\":\"a\",", b"9223372036854775807"];
    for _ in 0..=dice.roll(4) {
        let at = dice.roll(bytes.len() + 1);
        match dice.roll(7) {
            0 => bytes.truncate(at),
            1 => {
                let from = dice.roll(other.len());
                let piece = &other[from..(from + dice.roll(2_000)).min(other.len())];
                bytes.splice(at..at, piece.iter().copied());
            }
            2 if at < bytes.len() => bytes[at] ^= 1 << dice.roll(8),
            3 => {
                let end = (at + dice.roll(3_000)).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            4 => {
                bytes.splice(at..at, MEAN[dice.roll(MEAN.len())].iter().copied());
            }
            5 => {
                let end = (at + dice.roll(500)).min(bytes.len());
                bytes.drain(at..end);
            }
            _ => {
                let mut lines: Vec<&[u8]> = bytes.split_inclusive(|&b| b == b'\n').collect();
                for _ in 0..4 {
                    let (a, b) = (dice.roll(lines.len()), dice.roll(lines.len()));
                    if !lines.is_empty() {
                        lines.swap(a, b);
                    }
                }
                *bytes = lines.concat();
            }
        }
    }
}

/// Hands the lines on and holds the spans against the bytes.
struct Tiling<'a> {
    reader: Reader,
    bytes: &'a [u8],
    next: u64,
}

impl LineSink for Tiling<'_> {
    fn chunk(&mut self, bytes: &[u8], quality: Quality) {
        assert!(!bytes.contains(&b'\n'));
        self.reader.chunk(bytes, quality);
    }
    fn end(&mut self, span: Span, terminated: bool) {
        assert_eq!(span.offset, self.next, "no gap and no overlap");
        let end = (span.offset + span.len) as usize;
        assert_eq!(self.bytes.get(end) == Some(&b'\n'), terminated);
        self.next = end as u64 + u64::from(terminated);
        self.reader.end(span, terminated);
    }
}

fn read(bytes: &[u8], block: usize) -> Session {
    let mut sink = Tiling { reader: Reader::new(Path::new("x.jsonl")), bytes, next: 0 };
    let read = blocks(bytes, block, &mut sink, &|_| ()).unwrap();
    assert_eq!((read, sink.next), (bytes.len() as u64, bytes.len() as u64), "the spans tile the file");
    sink.reader.finish()
}

fn not_blank(bytes: &[u8]) -> u64 {
    let bytes = bytes.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(bytes);
    let blank = |line: &&[u8]| line.iter().all(|b| matches!(b, b' ' | b'\t' | b'\r' | 0x0B | 0x0C));
    bytes.split(|&b| b == b'\n').filter(|line| !blank(line)).count() as u64
}

fn transcripts() -> Vec<(PathBuf, Vec<u8>)> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/corpus");
    let mut found = Vec::new();
    let mut open = vec![corpus];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                open.push(path);
            } else if name.contains(".jsonl") && !name.contains(".trajectory") {
                found.push((path.clone(), std::fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    assert!(found.len() > 20);
    found
}

#[test]
fn every_line_of_a_mutant_is_accounted_for() {
    let sources = transcripts();
    let mut dice = Dice(20_260_201);
    for round in 0..3_000 {
        let source = &sources[dice.roll(sources.len())].1;
        let other = &sources[dice.roll(sources.len())].1;
        // A window keeps the round short.
        let from = if dice.roll(3) == 0 { dice.roll(source.len()) } else { 0 };
        let mut bytes = source[from..(from + 30_000).min(source.len())].to_vec();
        mutate(&mut bytes, other, &mut dice);
        let session = read(&bytes, 1 << (4 + dice.roll(14)));
        let lost = session.faults.iter().filter(|fault| fault.kind.loses_line()).count() as u64;
        let kept = session.entries.len() as u64 + session.headers.len() as u64;
        assert_eq!(kept + lost + session.left_out, session.lines, "round {round}");
        assert_eq!(session.lines, not_blank(&bytes), "round {round}");
        for fault in &session.faults {
            assert!((fault.span.offset..=fault.span.offset + fault.span.len).contains(&fault.at), "round {round}: {fault:?}");
        }
        for image in &session.images {
            assert!(session.entry(image.entry).is_some(), "round {round}");
        }
        let _ = context::of(&session);
    }
}

#[test]
fn folders_of_mutants_are_scanned_and_reported() {
    let sources = transcripts();
    let mut dice = Dice(7);
    for round in 0..12 {
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..8 {
            let (path, source) = &sources[dice.roll(sources.len())];
            let mut bytes = source.clone();
            mutate(&mut bytes, &sources[dice.roll(sources.len())].1, &mut dice);
            std::fs::write(folder.path().join(path.file_name().unwrap()), bytes).unwrap();
        }
        for name in ["sessions.json", "x.trajectory.jsonl"] {
            let mut bytes = sources[0].1.clone();
            mutate(&mut bytes, br#"{"agent:main:main":{"sessionId":"a"}}"#, &mut dice);
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        let options = Options { paths: vec![folder.path().to_owned()], environment: Environment::default(), ..Options::default() };
        let scan = clawfix::scan::scan(&options, &Silent).unwrap();
        let findings = rules::detect(&scan, true);
        let view = View { all: true, verbose: true, width: 80, ..View::default() };
        let outcome = Outcome { scan: &scan, findings: &findings, view, withheld: &Withheld::default() };
        for format in [Format::Table, Format::Json] {
            let mut out = Vec::new();
            format.report().write(&outcome, &mut out).unwrap();
            assert!(!out.is_empty(), "round {round}");
        }
    }
}
