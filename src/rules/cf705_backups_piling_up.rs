//! CF705: copies and archives pile up.

use super::folder::{self, Folder, Listed, size};
use super::{Fixable, Rule, Severity, Work, file_name};
use crate::name::{FileName, FileState};
use crate::repair::step::Trouble;
use crate::scan::{Agent, Scan};

/// Copies of the store from which on they are reported: the gateway keeps three.
const STORES: usize = 10;
/// Copies of transcripts from which on they are reported.
const COPIES: usize = 200;
/// Archives from which on they are reported: more than a dozen for each day that they are kept.
const ARCHIVES: usize = 400;
/// Bytes of all of them from which on they are reported.
const BYTES: u64 = 1 << 30;

pub(super) static RULE: Rule = Rule {
    code: "CF705",
    name: "backups-piling-up",
    severity: Severity::Info,
    fixable: Fixable::None,
    on_request: false,
    summary: "Copies and archives pile up beside the transcripts",
    doc: "\
## What it means
The folder holds more than 10 copies of the store (`sessions.json.bak.*`, `.tmp`; the gateway keeps three), more than 200 copies of
transcripts (`.bak-*`, `.corrupt-*`, checkpoints), more than 400 archives (`.reset.*`, `.deleted.*`), or more than 1 GB of all of them
together.

## Why it hurts
It costs disk and makes every listing of the folder slow; OpenClaw's own disk budget, where it is set, then deletes the oldest files
first, and those may be halves of torn conversations. Many copies of one kind are also a trace: `.bak-*` files are made by the load-time
repair, so the transcripts are damaged again and again; `.tmp` files are left by writes that were killed.

## What to do
clawfix never deletes them. Run `clawfix scan` first, and stitch what is torn: a `.reset.` or `.deleted.` file is real history and may be
half of a conversation. Then let `openclaw sessions cleanup --dry-run` show what it would remove, or move old copies to another disk.
",
    work: Work::Folder(detect),
};

/// Files of one kind.
#[derive(Default)]
struct Pile {
    count: usize,
    bytes: u64,
}

impl Pile {
    fn add(&mut self, file: &Listed) {
        self.count += 1;
        self.bytes = self.bytes.saturating_add(file.stat().0);
    }

    fn words(&self, one: &str, more: &str) -> Option<String> {
        let noun = if self.count == 1 { one } else { more };
        (self.count > 0).then(|| format!("{} {noun} ({})", self.count, size(self.bytes)))
    }
}

fn detect(scan: &Scan, agent: &Agent, troubles: &mut Vec<Trouble>) {
    if !folder::is_whole(scan, agent) {
        return;
    }
    let (mut stores, mut copies, mut archives) = (Pile::default(), Pile::default(), Pile::default());
    for file in &Folder::of(agent).files {
        match (&file.role, file.transcript().map(|name| name.state)) {
            (FileName::StoreBackup { .. } | FileName::StoreTemp, _) => stores.add(file),
            (_, Some(FileState::Bak | FileState::Corrupt | FileState::Checkpoint)) => copies.add(file),
            (_, Some(FileState::Reset | FileState::Deleted)) => archives.add(file),
            _ => {}
        }
    }
    let bytes = stores.bytes.saturating_add(copies.bytes).saturating_add(archives.bytes);
    if stores.count <= STORES && copies.count <= COPIES && archives.count <= ARCHIVES && bytes <= BYTES {
        return;
    }
    let words = [
        stores.words("copy of the store", "copies of the store"),
        copies.words("copy of a transcript", "copies of transcripts"),
        archives.words("archive", "archives"),
    ];
    let words: Vec<String> = words.into_iter().flatten().collect();
    let mut trouble = Trouble::new(&agent.dir.dir, file_name(&agent.dir.dir), format!("holds {}", words.join(", ")));
    trouble.help =
        Some("look at what `openclaw sessions cleanup --dry-run` would remove, after the torn conversations are stitched".to_owned());
    troubles.push(trouble);
}
