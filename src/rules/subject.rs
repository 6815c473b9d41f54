//! One transcript as a rule looks at it: its index, what the model sees, and its bytes where they are asked for.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use crate::context::{self, Context};
use crate::discover::TranscriptFile;
use crate::read::Span;
use crate::repair::text::Text;
use crate::scan::Agent;
use crate::session::names::Ref;
use crate::session::{Entry, Session};

use super::Severity;
use super::links::Shape;
use super::pairs::Pairs;

/// A transcript, on the disk or in the middle of its repair.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The file and what its name says.
    pub file: &'a TranscriptFile,
    /// Its index.
    pub session: &'a Session,
    /// What the model sees of it.
    pub context: &'a Context,
    /// The sessions folder it lies in, as the scan found it.
    pub agent: &'a Agent,
    /// Its bytes. Spans of the index are places in it.
    pub text: &'a Text,
    /// Whether a fix may wait for another that makes its place plain; when nothing else is left to do, it may not.
    pub may_wait: bool,
    path: OnceCell<Vec<u32>>,
    by_id: OnceCell<HashMap<Ref, u32>>,
    children: OnceCell<HashMap<Ref, Vec<u32>>>,
    shape: OnceCell<Shape>,
    places: OnceCell<HashMap<u32, usize>>,
    pairs: OnceCell<Pairs>,
}

impl<'a> Subject<'a> {
    /// A transcript to look at.
    pub fn new(file: &'a TranscriptFile, session: &'a Session, context: &'a Context, agent: &'a Agent, text: &'a Text) -> Self {
        Self {
            file,
            session,
            context,
            agent,
            text,
            may_wait: true,
            path: OnceCell::new(),
            by_id: OnceCell::new(),
            children: OnceCell::new(),
            shape: OnceCell::new(),
            places: OnceCell::new(),
            pairs: OnceCell::new(),
        }
    }

    /// Whether its entries are linked by id; version 1 is a plain sequence.
    pub fn is_linked(&self) -> bool {
        self.session.version() >= 2
    }

    /// The entries from a root to the leaf, by index; none when the links run in a circle.
    pub fn path(&self) -> &[u32] {
        self.path.get_or_init(|| context::path(self.session))
    }

    /// The entries on the path, as a set.
    pub fn path_set(&self) -> HashSet<u32> {
        self.path().iter().copied().collect()
    }

    /// Where an entry stands on the path, counted from the root; none when it is not on it.
    pub fn place(&self, at: u32) -> Option<usize> {
        let map = self.places.get_or_init(|| self.path().iter().enumerate().map(|(place, &at)| (at, place)).collect());
        map.get(&at).copied()
    }

    /// Which tool result answers which call.
    pub(super) fn pairs(&self) -> &Pairs {
        self.pairs.get_or_init(|| Pairs::of(self.session, self.context))
    }

    /// The entry that an id leads to: the last that has it, as the loader takes it.
    pub fn by_id(&self, id: Ref) -> Option<u32> {
        let map = self.by_id.get_or_init(|| {
            let entries = self.session.entries.iter().enumerate();
            entries.filter(|(_, entry)| entry.id.is_some()).filter_map(|(at, entry)| Some((entry.id, u32::try_from(at).ok()?))).collect()
        });
        map.get(&id).copied()
    }

    /// The entry that another hangs on, if it is there.
    pub fn parent(&self, entry: &Entry) -> Option<u32> {
        if entry.parent.is_some() && self.session.names.truthy(entry.parent) { self.by_id(entry.parent) } else { None }
    }

    /// The entries that hang on an id, in the order of the file.
    pub fn children(&self, id: Ref) -> &[u32] {
        let map = self.children.get_or_init(|| {
            let mut map: HashMap<Ref, Vec<u32>> = HashMap::new();
            for (at, entry) in self.session.entries.iter().enumerate() {
                if let (true, Ok(at)) = (entry.parent.is_some(), u32::try_from(at)) {
                    map.entry(entry.parent).or_default().push(at);
                }
            }
            map
        });
        map.get(&id).map(Vec::as_slice).unwrap_or_default()
    }

    /// The parent links, followed once.
    pub fn shape(&self) -> &Shape {
        self.shape.get_or_init(|| Shape::of(self))
    }

    /// The entries with their indices.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = (u32, &'a Entry)> {
        self.session.entries.iter().enumerate().filter_map(|(at, entry)| Some((u32::try_from(at).ok()?, entry)))
    }

    /// The id of an entry as text; none when it has none that the loader could follow.
    pub fn id_text(&self, at: u32) -> Option<&'a str> {
        let entry = self.session.entry(at)?;
        self.session.names.text(entry.id).filter(|_| self.session.names.truthy(entry.id))
    }

    /// The id that an entry says it hangs on, as text; none for a root.
    pub fn parent_text(&self, at: u32) -> Option<&'a str> {
        let parent = self.session.entry(at)?.parent;
        self.session.names.text(parent).filter(|_| self.session.names.truthy(parent))
    }

    /// The nearest entry before this one in the file that others can hang on.
    pub fn linkable_before(&self, at: u32) -> Option<u32> {
        (0..at).rev().find(|&before| self.id_text(before).is_some())
    }

    /// An id that no entry has, of eight hex digits, the same whenever it is asked for the same purpose.
    pub fn fresh_id(&self, purpose: &str) -> String {
        let mut id = String::new();
        for time in 0u32.. {
            let seed = format!("clawfix\0{}\0{purpose}\0{time}", self.file.name.session_id);
            id = blake3::hash(seed.as_bytes()).to_hex().chars().take(8).collect();
            if self.session.names.find(&id).is_none() {
                break;
            }
        }
        id
    }
}

/// A damaged place of a transcript.
#[derive(Debug, Clone)]
pub struct Spot {
    /// Line, from 1.
    pub line: Option<u64>,
    /// Its bytes.
    pub span: Option<Span>,
    /// Index of the entry, where the place is one.
    pub entry: Option<u32>,
    /// Another entry that belongs to the damage, where there is one.
    pub other: Option<u32>,
    /// What tells it from other places of this rule in this transcript, whatever lines are added elsewhere: an entry id, a hash.
    pub identity: String,
    /// What is the matter, as the end of the sentence "this transcript ...". Holds ids, times and counts, never message text.
    pub message: String,
    /// The next step, where it is another than `clawfix repair`.
    pub help: Option<String>,
    /// How bad it is here, where that is milder than the rule says.
    pub severity: Option<Severity>,
    /// Whether the rule's fix can mend this place.
    pub mendable: bool,
    /// When it happened, UTC ms, where that is known.
    pub at_ms: Option<i64>,
}

impl Spot {
    /// A place that the rule's fix can mend.
    pub fn new(identity: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            line: None,
            span: None,
            entry: None,
            other: None,
            identity: identity.into(),
            message: message.into(),
            help: None,
            severity: None,
            mendable: true,
            at_ms: None,
        }
    }

    /// A place that is an entry; its id tells it from others, else a hash of what stands there.
    pub fn at_entry(subject: &Subject<'_>, at: u32, message: impl Into<String>) -> Self {
        let entry = subject.session.entry(at);
        let hashed = || entry.map(|entry| hash_of(subject, entry.span)).unwrap_or_default();
        let identity = subject.id_text(at).map_or_else(hashed, str::to_owned);
        Self {
            line: entry.map(|entry| u64::from(entry.line)),
            span: entry.map(|entry| entry.span),
            entry: Some(at),
            at_ms: entry.and_then(Entry::time),
            ..Self::new(identity, message)
        }
    }

    /// A place that is a line, known by a hash of what stands there.
    pub fn at_line(subject: &Subject<'_>, line: u64, span: Span, message: impl Into<String>) -> Self {
        Self { line: Some(line), span: Some(span), ..Self::new(hash_of(subject, span), message) }
    }

    /// The same, as a place that no program can mend.
    pub fn not_mendable(self, help: impl Into<String>) -> Self {
        Self { mendable: false, help: Some(help.into()), ..self }
    }

    /// The same, with a severity of its own.
    pub fn severity(self, severity: Severity) -> Self {
        Self { severity: Some(severity), ..self }
    }
}

/// What tells a line from others, wherever it stands.
fn hash_of(subject: &Subject<'_>, span: Span) -> String {
    /// Bytes of a line that tell it from others.
    const TOLD_BY: u64 = 4096;
    let head = subject.text.read(span.offset..span.offset.saturating_add(span.len.min(TOLD_BY))).unwrap_or_default();
    let mut hash = blake3::Hasher::new();
    hash.update(&head).update(&span.len.to_le_bytes());
    hash.finalize().to_hex().chars().take(16).collect()
}
