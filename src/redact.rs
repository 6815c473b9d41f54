//! A scan and its findings in, the same without anything that names a person, chat, machine or file out.
//!
//! Everything is replaced in place, before a report sees it, so that all formats say the same. Masks are counters in the order
//! of appearance (`session-3`, `peer-1`, `~/…`): the same id has the same mask in all of a report and in every format of the
//! same scan, and nothing can be computed back from them. Of free text (messages, evidence, next steps) only words that the
//! program itself uses stay, and short numbers, times and codes; whatever else stands there is masked, known or not.

mod masks;
mod paths;
mod text;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use crate::discover::{RootKind, SessionsDir, TranscriptFile};
use crate::key::Key;
use crate::report::Withheld;
use crate::rules::Finding;
use crate::scan::{Agent, AsideReason, Scan};
use crate::split::segment::{Chat, Segment};
use masks::{Kind, Masks};
use paths::Paths;
use text::Phrases;

/// Characters by which the notice of a command's end names it.
const NOTICE_CHARS: usize = 8;

/// Masks a scan, its findings and what is withheld of them. `home` is the home folder of whoever runs this.
pub fn redact(scan: &mut Scan, findings: &mut [Finding], withheld: &mut Withheld, home: Option<&Path>) {
    let roots = scan.roots.iter().map(|root| match root.kind {
        RootKind::Transcript => root.path.parent().unwrap_or(Path::new("")).to_owned(),
        _ => root.path.clone(),
    });
    let mut redactor = Redactor { masks: Masks::default(), paths: Paths::new(roots.collect(), home), phrases: HashMap::new() };
    let before: Vec<Vec<String>> = scan.agents.iter().map(conversation_ids).collect();
    for root in &mut scan.roots {
        redactor.path(&mut root.path);
    }
    for agent in &mut scan.agents {
        redactor.agent(agent);
    }
    for finding in findings.iter_mut() {
        redactor.path(&mut finding.path);
    }
    withheld.seams = std::mem::take(&mut withheld.seams).into_iter().map(|path| redactor.masked_path(&path)).collect();
    // Made of the agent and a session id, so they follow from the masks of these.
    for (agent, before) in scan.agents.iter().zip(before) {
        for (before, after) in before.into_iter().zip(conversation_ids(agent)) {
            redactor.masks.set(&before, after);
        }
    }
    redactor.texts(scan, findings);
}

/// Masks a text that belongs to no report: an error, a note.
#[must_use]
pub fn bare(text: &str, home: Option<&Path>) -> String {
    let mut paths = Paths::new(Vec::new(), home);
    Phrases::new(HashMap::new()).masked(text, &mut Masks::default(), &mut paths)
}

fn conversation_ids(agent: &Agent) -> Vec<String> {
    agent.conversations.iter().map(|held| agent.conversation_id(held)).collect()
}

struct Redactor {
    masks: Masks,
    paths: Paths,
    /// Whole keys, paths and other ids with characters that part words.
    phrases: HashMap<String, String>,
}

impl Redactor {
    fn masked_path(&mut self, path: &Path) -> PathBuf {
        let masked = self.paths.masked(path, &mut self.masks);
        let (raw, text) = (path.to_string_lossy().into_owned(), masked.to_string_lossy().into_owned());
        for form in [crate::report::command::quoted(path), crate::report::safe::line(&raw), raw] {
            self.phrases.insert(form, text.clone());
        }
        masked
    }

    fn path(&mut self, path: &mut PathBuf) {
        *path = self.masked_path(path);
    }

    fn id(&mut self, kind: Kind, id: &mut String) {
        let mask = self.masks.of(kind, id);
        self.phrases.insert(crate::report::safe::line(id), mask.clone());
        self.phrases.insert(std::mem::replace(id, mask.clone()), mask);
    }

    fn key(&mut self, key: &mut Key) {
        let masked = self.masks.key(key);
        self.phrases.insert(crate::report::safe::line(&key.raw), masked.clone());
        self.phrases.insert(key.raw.clone(), masked.clone());
        *key = Key::parse(&masked);
    }

    fn agent(&mut self, agent: &mut Agent) {
        let name = agent.dir.agent.clone();
        self.id(Kind::Agent, &mut agent.dir.agent);
        // A name that is a word of the reports is masked where it surely is the name.
        self.phrases.insert(format!("agent {name}"), format!("agent {}", agent.dir.agent));
        self.dir(&mut agent.dir);
        for segment in &mut agent.segments {
            self.segment(segment);
        }
        for aside in &mut agent.aside {
            self.file(&mut aside.file);
        }
        for entry in agent.store.iter().flat_map(|store| &store.entries) {
            // The store itself is not reported; what it names is.
            self.key(&mut entry.key.clone());
            for id in entry.session_id.iter().chain(&entry.family_session_ids) {
                self.id(Kind::Session, &mut id.clone());
            }
            for peer in &entry.peers {
                self.id(Kind::Peer, &mut peer.clone());
            }
        }
        if let Some(source) = &mut agent.policy.source {
            self.path(source);
        }
    }

    fn dir(&mut self, dir: &mut SessionsDir) {
        self.path(&mut dir.dir);
        let more = dir.state_dir.iter_mut().chain(&mut dir.trajectories).chain(&mut dir.store);
        for path in more.chain(&mut dir.store_backups).chain(&mut dir.media_roots) {
            self.path(path);
        }
        for file in &mut dir.transcripts {
            self.file(file);
        }
    }

    fn file(&mut self, file: &mut TranscriptFile) {
        self.id(Kind::Session, &mut file.name.session_id);
        if let Some(topic) = &mut file.name.topic {
            self.id(Kind::Thread, topic);
        }
        let old = file.file_name.clone();
        self.path(&mut file.path);
        file.file_name = file.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        self.phrases.insert(old, file.file_name.clone());
    }

    fn segment(&mut self, segment: &mut Segment) {
        self.id(Kind::Session, &mut segment.id);
        self.file(&mut segment.file);
        let lane = segment.lane.as_mut().map(|lane| &mut lane.key);
        for key in segment.bound.iter_mut().chain(lane) {
            self.key(key);
        }
        for id in &mut segment.family {
            self.id(Kind::Session, id);
        }
        for chat in &mut segment.chats {
            self.chat(chat);
        }
        for turn in &mut segment.session.turns {
            if let Some(sender) = &mut turn.sender {
                self.id(Kind::Peer, sender);
            }
        }
        for run in &segment.session.runs {
            self.id(Kind::Command, &mut run.slug.clone());
            // A notice names the run by its first characters.
            self.masks.alias(&run.slug.chars().take(NOTICE_CHARS).collect::<String>(), &run.slug);
        }
        if let Some(header) = &mut segment.session.header {
            if let Some(id) = &mut header.id {
                self.id(Kind::Session, id);
            }
            (header.cwd, header.parent_session) = (None, None);
        }
    }

    fn chat(&mut self, chat: &mut Chat) {
        self.id(Kind::Peer, &mut chat.id);
        if let Some(thread) = &mut chat.thread {
            self.id(Kind::Thread, thread);
        }
        if let Some(channel) = chat.channel.as_mut().filter(|channel| !masks::is_key_word(channel)) {
            self.id(Kind::Channel, channel);
        }
    }

    fn texts(mut self, scan: &mut Scan, findings: &mut [Finding]) {
        let phrases = Phrases::new(std::mem::take(&mut self.phrases));
        let Redactor { masks, paths, .. } = &mut self;
        let mut mask = |text: &mut String| *text = phrases.masked(text, masks, paths);
        for agent in &mut scan.agents {
            let seams = agent.conversations.iter_mut().flat_map(|held| &mut held.seams).flat_map(|seam| &mut seam.verdict.evidence);
            for item in seams.chain(agent.apart.iter_mut().flat_map(|apart| &mut apart.evidence)) {
                mask(&mut item.message);
            }
            for aside in &mut agent.aside {
                if let AsideReason::Unreadable(reason) = &mut aside.why {
                    mask(reason);
                }
            }
        }
        let mut prints: BTreeMap<String, usize> = BTreeMap::new();
        for finding in findings {
            mask(&mut finding.message);
            mask(&mut finding.help);
            if let Some(id) = &mut finding.conversation {
                mask(id);
            }
            // A hash of a telephone number can be guessed.
            let next = prints.len() + 1;
            let number = *prints.entry(std::mem::take(&mut finding.fingerprint)).or_insert(next);
            finding.fingerprint = format!("{number:016x}");
        }
        for problem in &mut scan.problems {
            problem.reason = phrases.masked(&problem.reason, masks, paths);
            problem.path = paths.masked(&problem.path, masks);
        }
    }
}
