//! The text of a `clawfix.toml` in, what it says out, or everything that is wrong in it.

use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::keys::{KEYS, Key, Places};
use super::{Fault, File};
use crate::nearest::distance;

/// Something wrong with a value, or with a part of it.
#[derive(Debug)]
pub struct Item {
    /// The part, as bytes of the file; none for the whole value.
    pub at: Option<Range<usize>>,
    /// What is wrong.
    pub what: String,
}

/// All that is wrong with a value.
#[derive(Debug)]
pub struct Wrong(pub Vec<Item>);

impl From<String> for Wrong {
    fn from(what: String) -> Self {
        Wrong(vec![Item { at: None, what }])
    }
}

/// Reads the text.
///
/// # Errors
/// All that is wrong, in the order of the file.
pub(super) fn read(path: &Path, text: &str, places: &Places<'_>) -> Result<File, Vec<Fault>> {
    let table = DeTable::parse(text).map_err(|error| vec![fault(text, error.span().unwrap_or(0..0), error.message().to_owned())])?;
    let mut file = File { path: path.to_owned(), ..File::default() };
    let mut faults: Vec<(usize, Fault)> = Vec::new();
    walk("", table.get_ref(), &mut |name, key_span, value| {
        let mut wrong = |at: Range<usize>, what: String| faults.push((at.start, fault(text, at, what)));
        let Some(key) = KEYS.iter().find(|key| key.name == name) else {
            return wrong(key_span, unknown(name));
        };
        file.lines.insert(key.name, place(text, key_span.start).0);
        if let Err(Wrong(items)) = (key.take)(value.0, places, &mut file.values) {
            for item in items {
                wrong(item.at.unwrap_or_else(|| value.1.clone()), format!("{}: {}", key.name, item.what));
            }
        }
    });
    faults.sort_by_key(|(at, _)| *at);
    if faults.is_empty() { Ok(file) } else { Err(faults.into_iter().map(|(_, fault)| fault).collect()) }
}

/// A value and where it stands.
type Placed<'a, 'b> = (&'a DeValue<'b>, Range<usize>);

/// Calls `each` for every key; a table whose name begins names of keys is gone into.
fn walk<'b>(prefix: &str, table: &DeTable<'b>, each: &mut dyn FnMut(&str, Range<usize>, Placed<'_, 'b>)) {
    for (key, value) in table {
        let name = if prefix.is_empty() { key.get_ref().to_string() } else { format!("{prefix}.{}", key.get_ref()) };
        let inner = value.get_ref().as_table().filter(|_| is_table(&name));
        match inner {
            Some(inner) => walk(&name, inner, each),
            None => each(&name, key.span(), (value.get_ref(), value.span())),
        }
    }
}

/// Whether keys are declared inside of a table of that name.
fn is_table(name: &str) -> bool {
    KEYS.iter().any(|key| key.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
}

fn unknown(name: &str) -> String {
    if is_table(name) {
        return format!("{name} is a table: [{name}]");
    }
    let parent = name.rsplit_once('.').map(|(parent, _)| parent);
    let siblings = KEYS.iter().filter_map(|key| match (parent, key.name.split_once('.')) {
        (Some(parent), Some((table, last))) if table == parent => Some(last),
        (None, Some((table, _))) => Some(table),
        (None, None) => Some(key.name),
        _ => None,
    });
    let last = name.rsplit('.').next().unwrap_or(name);
    let hint = nearest(last, siblings);
    // It may be known, only elsewhere.
    let whole = KEYS.iter().map(|key| key.name).find(|known| known.rsplit('.').next() == Some(last));
    match (hint.is_empty(), whole) {
        (true, Some(known)) => format!("unknown key {name:?}; did you mean {known:?}?"),
        (true, None) => format!("unknown key {name:?}; `clawfix config` prints all keys"),
        (false, _) => format!("unknown key {name:?}{hint}"),
    }
}

/// "; did you mean ...?" with the nearest word, if one is near.
pub(super) fn nearest<'a>(asked: &str, known: impl Iterator<Item = &'a str>) -> String {
    let asked = asked.to_lowercase().replace('_', "-");
    let best = known.map(|word| (distance(&asked, word), word)).min_by_key(|(distance, _)| *distance);
    best.filter(|(distance, word)| *distance <= 2.max(word.len() / 3))
        .map(|(_, word)| format!("; did you mean {word:?}?"))
        .unwrap_or_default()
}

/// Line and column of a byte, both from 1.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at.min(text.len())).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

fn fault(text: &str, at: Range<usize>, what: String) -> Fault {
    let (line, column) = place(text, at.start);
    Fault { line, column, what }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn wrong_kind(wanted: &str, value: &DeValue<'_>) -> Wrong {
    Wrong::from(format!("takes {wanted}, not {}", kind(value)))
}

/// A string.
pub(super) fn text<'a>(value: &'a DeValue<'_>) -> Result<&'a str, Wrong> {
    match value {
        DeValue::String(text) => Ok(text),
        other => Err(wrong_kind("a string", other)),
    }
}

/// A whole number within bounds.
pub(super) fn integer(value: &DeValue<'_>, bounds: RangeInclusive<i64>) -> Result<i64, Wrong> {
    let DeValue::Integer(number) = value else { return Err(wrong_kind("a whole number", value)) };
    let parsed = i64::from_str_radix(number.as_str(), number.radix()).ok();
    parsed
        .filter(|number| bounds.contains(number))
        .ok_or_else(|| Wrong::from(format!("{} is not between {} and {}", number.as_str(), bounds.start(), bounds.end())))
}

/// A list of strings, each of which means something.
pub(super) fn list<T>(value: &DeValue<'_>, each: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, Wrong> {
    let DeValue::Array(items) = value else { return Err(wrong_kind("a list of strings", value)) };
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for item in items.iter() {
        let read = text(item.get_ref()).map_err(|_| format!("takes strings, not {}", kind(item.get_ref()))).and_then(&each);
        match read {
            Ok(value) => good.push(value),
            Err(what) => bad.push(Item { at: Some(item.span()), what }),
        }
    }
    if bad.is_empty() { Ok(good) } else { Err(Wrong(bad)) }
}

/// A table of names of one's own.
pub(super) fn pairs<T>(value: &DeValue<'_>, each: impl Fn(&str, &DeValue<'_>) -> Result<T, String>) -> Result<Vec<T>, Wrong> {
    let DeValue::Table(table) = value else { return Err(wrong_kind("a table", value)) };
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for (key, value) in table {
        match each(key.get_ref(), value.get_ref()) {
            Ok(value) => good.push(value),
            Err(what) => bad.push(Item { at: Some(key.span()), what }),
        }
    }
    if bad.is_empty() { Ok(good) } else { Err(Wrong(bad)) }
}

/// A value of TOML as JSON.
pub(super) fn json(value: &DeValue<'_>) -> serde_json::Value {
    match value {
        DeValue::String(text) => text.to_string().into(),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok().into(),
        DeValue::Boolean(truth) => (*truth).into(),
        DeValue::Array(items) => items.iter().map(|item| json(item.get_ref())).collect(),
        DeValue::Table(table) => {
            let pairs: BTreeMap<String, serde_json::Value> =
                table.iter().map(|(key, value)| (key.get_ref().to_string(), json(value.get_ref()))).collect();
            pairs.into_iter().collect::<serde_json::Map<_, _>>().into()
        }
        DeValue::Float(_) | DeValue::Datetime(_) => serde_json::Value::Null,
    }
}

/// The declared key of a name.
pub fn key(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}
