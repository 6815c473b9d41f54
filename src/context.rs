//! A session in, what the model sees of it out, by the rules of the loader that OpenClaw embeds.
//!
//! Start at the leaf, follow `parentId` to a root, reverse. The last compaction on that path hides what stands before
//! its `firstKeptEntryId`. Everything the loader does with odd input is done here too: the last of two entries with one
//! id wins, an entry without an id at the end collapses the context to itself, a broken link drops all before it.

use crate::line::{Kind, Role};
use crate::session::names::Ref;
use crate::session::{Entry, Loads, Session};

/// One message that the model sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Index of the entry that it comes from.
    pub entry: u32,
    /// Its role.
    pub role: Role,
}

/// Why the loader gives nothing at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The first line that parses is no header.
    NoHeader,
    /// A line, numbered from 1, is `null`.
    NullLine(u64),
    /// A line, numbered from 1, is a bare value, in a format whose entries are given ids on loading.
    BareValue(u64),
    /// A message entry on the path, at this line, has no message.
    NoMessage(u64),
    /// The parent links run in a circle through the entry at this line; the loader never returns.
    Circle(u64),
}

impl Failure {
    /// What happens, in one sentence.
    pub fn reason(self) -> String {
        match self {
            Failure::NoHeader => "the first line is no session header, so the session is empty to the loader".to_owned(),
            Failure::NullLine(line) => format!("line {line} is null, which makes the loader fail"),
            Failure::BareValue(line) => format!("line {line} is a bare value, which makes the loader fail on this old format"),
            Failure::NoMessage(line) => format!("the message entry at line {line} has no message, which makes the loader fail"),
            Failure::Circle(line) => format!("the parent links run in a circle at line {line}, so the loader never returns"),
        }
    }
}

/// What the model sees.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Context {
    /// The messages in order.
    pub messages: Vec<Seen>,
    /// The entry the path starts at, from its end.
    pub leaf: Option<u32>,
    /// Entries without a parent in the file.
    pub roots: u32,
    /// Inline images among the messages.
    pub images: u32,
    /// Why there is nothing, when the loader fails.
    pub failure: Option<Failure>,
}

/// Computes the context of a session.
pub fn of(session: &Session) -> Context {
    let failure = match session.loads {
        Loads::Yes => None,
        Loads::Empty => Some(Failure::NoHeader),
        Loads::Fails(line) => Some(Failure::NullLine(line)),
    };
    let bare = session.entries.iter().find(|entry| entry.kind == Kind::Scalar && session.version() < 2);
    let failure = failure.or_else(|| bare.map(|entry| Failure::BareValue(u64::from(entry.line))));
    if failure.is_some() {
        return Context { failure, ..Context::default() };
    }
    let tree = Tree::new(session);
    let mut context = Context { roots: tree.roots(), ..Context::default() };
    let path = match tree.path() {
        Ok(path) => path,
        Err(failure) => return Context { failure: Some(failure), ..context },
    };
    context.leaf = path.last().copied();
    if let Some(broken) = path.iter().find_map(|&at| session.entry(at).filter(|e| e.kind == Kind::Message && e.role.is_none())) {
        context.failure = Some(Failure::NoMessage(u64::from(broken.line)));
        return context;
    }
    context.messages = messages(session, &tree, &path);
    context.images = context.messages.iter().filter_map(|seen| session.entry(seen.entry)).map(|entry| u32::from(entry.images)).sum();
    context
}

/// The entries from a root to the leaf, by index; none when the loader sees none.
pub fn path(session: &Session) -> Vec<u32> {
    Tree::new(session).path().unwrap_or_default()
}

/// The messages of a path, with what a compaction hides taken out.
fn messages(session: &Session, tree: &Tree<'_>, path: &[u32]) -> Vec<Seen> {
    let kind = |at: &u32| session.entry(*at).map(|entry| entry.kind);
    let boundary = path.iter().rposition(|at| matches!(kind(at), Some(Kind::Compaction | Kind::Reset)));
    let Some((boundary, &at)) = boundary.and_then(|place| Some((place, path.get(place)?))) else {
        return path.iter().filter_map(|&at| seen(session, at)).collect();
    };
    let kept = tree.first_kept(at);
    let before = path.get(..boundary).unwrap_or_default();
    let kept_from = before.iter().position(|&at| Some(at) == kept).unwrap_or(before.len());
    // A reset (2026.8 and later) hides the same way and leaves no summary.
    let summary = (kind(&at) == Some(Kind::Compaction)).then_some(Seen { entry: at, role: Role::CompactionSummary });
    let kept = before.get(kept_from..).unwrap_or_default().iter();
    let after = path.get(boundary + 1..).unwrap_or_default().iter();
    summary.into_iter().chain(kept.chain(after).filter_map(|&at| seen(session, at))).collect()
}

/// The message an entry contributes when it is on the path, if any.
fn seen(session: &Session, at: u32) -> Option<Seen> {
    let entry = session.entry(at)?;
    let role = match entry.kind {
        Kind::Message => entry.role.unwrap_or(Role::Missing),
        Kind::CustomMessage => Role::Custom,
        Kind::BranchSummary if entry.flags.summary => Role::BranchSummary,
        _ => return None,
    };
    Some(Seen { entry: at, role })
}

/// The entries by id.
struct Tree<'a> {
    session: &'a Session,
    /// Version 1 has no links: every entry follows the one before.
    plain: bool,
    by_id: std::collections::HashMap<Ref, u32>,
}

impl<'a> Tree<'a> {
    fn new(session: &'a Session) -> Self {
        let by_id = session.entries.iter().enumerate().filter_map(|(at, entry)| Some((entry.id, u32::try_from(at).ok()?))).collect();
        Self { session, plain: session.version() < 2, by_id }
    }

    fn parent(&self, entry: &Entry) -> Option<u32> {
        let linked = entry.parent.is_some() && self.session.names.truthy(entry.parent);
        if linked { self.by_id.get(&entry.parent).copied() } else { None }
    }

    fn roots(&self) -> u32 {
        let rootless = |entry: &&Entry| entry.parent == Ref::NULL || entry.parent == entry.id || !self.by_id.contains_key(&entry.parent);
        let count = if self.plain { self.session.entries.len().min(1) } else { self.session.entries.iter().filter(rootless).count() };
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// From a root to the leaf.
    fn path(&self) -> Result<Vec<u32>, Failure> {
        let count = u32::try_from(self.session.entries.len()).unwrap_or(u32::MAX);
        if self.plain {
            return Ok((0..count).collect());
        }
        let Some(mut at) = self.leaf() else { return Ok(Vec::new()) };
        let mut path = vec![at];
        while let Some(parent) = self.session.entry(at).and_then(|entry| self.parent(entry)) {
            if path.len() as u64 > u64::from(count) {
                return Err(Failure::Circle(self.session.line_of(at)));
            }
            path.push(parent);
            at = parent;
        }
        path.reverse();
        Ok(path)
    }

    fn leaf(&self) -> Option<u32> {
        let session = self.session;
        let mut leaf = Ref::NULL;
        let mut known = std::collections::HashSet::new();
        let controlled = session.entries.iter().any(|entry| entry.kind == Kind::Leaf);
        if let (false, Some(last)) = (controlled, session.entries.last()) {
            leaf = last.id;
        }
        let mut links = session.links.iter().peekable();
        for (at, entry) in session.entries.iter().enumerate().filter(|_| controlled) {
            while links.next_if(|link| u64::from(link.entry) < at as u64).is_some() {}
            if entry.kind != Kind::Leaf {
                leaf = entry.id;
                known.insert(entry.id);
            } else if let Some(link) = links.peek()
                // A leaf entry whose target is not there yet is not accepted.
                && (link.target == Ref::NULL || known.contains(&link.target))
            {
                leaf = link.target;
            }
        }
        let last = u32::try_from(session.entries.len()).ok()?.checked_sub(1);
        match leaf {
            Ref::NULL => None,
            Ref::MISSING => last,
            id if !session.names.truthy(id) => last,
            id => self.by_id.get(&id).copied().or(last),
        }
    }

    /// The entry from which a compaction or reset keeps.
    fn first_kept(&self, at: u32) -> Option<u32> {
        let link = self.session.links.iter().find(|link| link.entry == at)?;
        if !self.plain {
            return if link.target.is_some() { self.by_id.get(&link.target).copied() } else { None };
        }
        // The index of version 1 counts every line that parses; headers are no entries.
        let index = link.index?;
        if self.session.headers.iter().any(|header| header.ordinal == index) {
            return None;
        }
        let headers = self.session.headers.iter().filter(|header| header.ordinal < index).count() as u64;
        u32::try_from(index.checked_sub(headers)?).ok()
    }
}
