//! Entry ids in, small numbers out, so that an entry costs tens of bytes however long its id is.

use std::collections::HashMap;
use std::sync::Arc;

use crate::line::Id;

/// An id or a reference to one, within one transcript.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ref(u32);

impl Ref {
    /// The field is not there (`undefined` to the loader).
    pub const MISSING: Ref = Ref(u32::MAX);
    /// `null`
    pub const NULL: Ref = Ref(u32::MAX - 1);

    /// Whether it is neither missing nor null.
    pub fn is_some(self) -> bool {
        self != Ref::MISSING && self != Ref::NULL
    }
}

/// The ids of one transcript.
#[derive(Debug, Default)]
pub struct Names {
    texts: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u32>,
    bytes: usize,
}

/// Stands before an id that is no string, so that the number 5 is not the string "5".
const NO_STRING: char = '\0';

impl Names {
    /// The number of an id, new or known.
    pub fn intern(&mut self, id: &Id<'_>) -> Ref {
        match id {
            Id::Missing => Ref::MISSING,
            Id::Null => Ref::NULL,
            Id::Text(text) => self.number(text),
            Id::Other(raw) => self.number(&format!("{NO_STRING}{raw}")),
        }
    }

    fn number(&mut self, text: &str) -> Ref {
        if let Some(&known) = self.numbers.get(text) {
            return Ref(known);
        }
        let Ok(number) = u32::try_from(self.texts.len()) else { return Ref::MISSING };
        let text: Arc<str> = text.into();
        self.bytes += text.len();
        self.texts.push(Arc::clone(&text));
        self.numbers.insert(text, number);
        Ref(number)
    }

    /// Bytes of all ids.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The number of an id that occurs, if it does.
    pub fn find(&self, text: &str) -> Option<Ref> {
        self.numbers.get(text).copied().map(Ref)
    }

    /// Every id that is a string and occurs as an id or a reference.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(|text| &**text).filter(|text| !text.starts_with(NO_STRING))
    }

    /// The id as it is written; `None` for a missing or null one.
    pub fn text(&self, id: Ref) -> Option<&str> {
        self.texts.get(usize::try_from(id.0).ok()?).map(|text| text.trim_start_matches(NO_STRING))
    }

    /// Whether JavaScript takes the id for true: the empty string, `0` and `false` end a parent chain.
    pub fn truthy(&self, id: Ref) -> bool {
        usize::try_from(id.0)
            .ok()
            .and_then(|at| self.texts.get(at))
            .is_some_and(|text| !matches!(&**text, "" | "\0false" | "\0" | "\0null") && !zero(text))
    }
}

fn zero(text: &str) -> bool {
    text.strip_prefix(NO_STRING).and_then(|raw| raw.parse::<f64>().ok()) == Some(0.0)
}
