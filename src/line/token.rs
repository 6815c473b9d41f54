//! Bytes of one line in, JSON events out: a strict tokenizer that can stop at any byte and go on with the next chunk.
//!
//! It accepts what `JSON.parse` accepts, since that decides which lines the real loader keeps: raw bytes above
//! 0x7F and lone surrogate escapes are fine inside strings, control characters are not, depth is no limit as such.

use memchr::memchr2;

/// Deepest nesting that is followed. Deeper lines are a fault, since nothing real comes near.
pub const MAX_DEPTH: usize = 1 << 24;

/// Keys longer than this are no key that anyone asks for; their first bytes are enough to know that.
const MAX_KEY: usize = 64;

/// Numbers longer than this keep their first bytes only; they are validated whole.
const MAX_NUMBER: usize = 40;

/// Takes what the tokenizer finds. Strings come raw, with their escapes.
pub trait Events {
    /// `{` or `[`.
    fn open(&mut self, array: bool);
    /// `}` or `]`.
    fn close(&mut self);
    /// An object key, without its quotes.
    fn key(&mut self, raw: &[u8]);
    /// A string value begins; `offset` is that of its first byte within the line.
    fn string_begin(&mut self, offset: u64);
    /// The next bytes of the string value.
    fn string_part(&mut self, raw: &[u8]);
    /// The string value is over.
    fn string_end(&mut self);
    /// A number, `true`, `false` or `null`, as it is written.
    fn scalar(&mut self, raw: &[u8]);
}

/// Why a line is no JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// A byte that may not stand there.
    Unexpected(u8),
    /// A control character inside a string.
    Control(u8),
    /// A bad escape or number.
    Malformed,
    /// Something stands behind the value.
    Trailing,
    /// The line ends before the value does.
    Cut,
    /// Nested deeper than [`MAX_DEPTH`].
    TooDeep,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Escape {
    None,
    Backslash,
    Hex(u8),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Number {
    Minus,
    Zero,
    Integer,
    Point,
    Fraction,
    Exponent,
    ExponentSign,
    ExponentDigits,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Value,
    FirstElement,
    FirstKey,
    Key,
    Colon,
    AfterValue,
    Text(Escape),
    KeyText(Escape),
    Number(Number),
    Literal(&'static [u8]),
    Done,
    Failed,
}

/// The tokenizer's place in a line.
#[derive(Debug)]
pub struct Tokenizer {
    state: State,
    /// One bit a level: set for an array. Bits, since a hostile line nests by the million.
    levels: Vec<u64>,
    depth: usize,
    key: Vec<u8>,
    scalar: Vec<u8>,
    offset: u64,
    flaw: Option<(Flaw, u64)>,
}

impl Default for Tokenizer {
    fn default() -> Self {
        Self { state: State::Value, levels: Vec::new(), depth: 0, key: Vec::new(), scalar: Vec::new(), offset: 0, flaw: None }
    }
}

impl Tokenizer {
    /// Makes ready for the next line.
    pub fn reset(&mut self) {
        self.state = State::Value;
        self.depth = 0;
        self.offset = 0;
        self.flaw = None;
    }

    /// Bytes seen of the line so far.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Ends the line.
    ///
    /// # Errors
    /// The first flaw of the line and its offset within the line, in bytes.
    pub fn finish<E: Events>(&mut self, events: &mut E) -> Result<(), (Flaw, u64)> {
        if let State::Number(number) = self.state {
            self.end_number(number, events);
        }
        match self.flaw {
            Some(flaw) => Err(flaw),
            None if self.state == State::Done => Ok(()),
            None => Err((Flaw::Cut, self.offset)),
        }
    }

    /// The next bytes of the line. `control` says whether a control character is among them.
    #[inline]
    pub fn feed<E: Events>(&mut self, bytes: &[u8], control: bool, events: &mut E) {
        let mut at = 0usize;
        while let Some(&byte) = bytes.get(at) {
            match self.state {
                State::Text(Escape::None) => {
                    let rest = bytes.get(at..).unwrap_or_default();
                    let part = rest.get(..plain_len(rest)).unwrap_or_default();
                    if control && let Some(bad) = first_control(part) {
                        let byte = part.get(bad).copied().unwrap_or_default();
                        self.fail(Flaw::Control(byte), at + bad);
                        break;
                    }
                    events.string_part(part);
                    at += part.len();
                    match rest.get(part.len()) {
                        Some(b'"') => {
                            events.string_end();
                            self.after_value();
                        }
                        Some(_) => {
                            events.string_part(b"\\");
                            self.state = State::Text(Escape::Backslash);
                        }
                        None => break,
                    }
                    at += 1;
                }
                State::KeyText(Escape::None) => {
                    let rest = bytes.get(at..).unwrap_or_default();
                    let stop = rest.iter().position(|&b| b == b'"' || b == b'\\' || b < 0x20);
                    let part = rest.get(..stop.unwrap_or(rest.len())).unwrap_or_default();
                    at += part.len();
                    match rest.get(part.len()) {
                        Some(b'"') if self.key.is_empty() => {
                            events.key(part);
                            self.state = State::Colon;
                        }
                        Some(b'"') => {
                            self.keep_key(part);
                            events.key(&self.key);
                            self.state = State::Colon;
                        }
                        Some(b'\\') => {
                            self.keep_key(part);
                            self.keep_key(b"\\");
                            self.state = State::KeyText(Escape::Backslash);
                        }
                        Some(&bad) => {
                            self.fail(Flaw::Control(bad), at);
                            break;
                        }
                        None => {
                            self.keep_key(part);
                            break;
                        }
                    }
                    at += 1;
                }
                State::Text(escape) => match next_escape(escape, byte) {
                    Some(next) => {
                        events.string_part(&[byte]);
                        self.state = State::Text(next);
                        at += 1;
                    }
                    None => {
                        self.fail(Flaw::Malformed, at);
                        break;
                    }
                },
                State::KeyText(escape) => match next_escape(escape, byte) {
                    Some(next) => {
                        self.keep_key(&[byte]);
                        self.state = State::KeyText(next);
                        at += 1;
                    }
                    None => {
                        self.fail(Flaw::Malformed, at);
                        break;
                    }
                },
                State::Number(number) => match next_number(number, byte) {
                    Some(next) => {
                        if self.scalar.len() < MAX_NUMBER {
                            self.scalar.push(byte);
                        }
                        self.state = State::Number(next);
                        at += 1;
                    }
                    // The byte is looked at again as what follows the number.
                    None => {
                        self.end_number(number, events);
                        if self.state == State::Failed {
                            self.fail(Flaw::Malformed, at);
                            break;
                        }
                    }
                },
                State::Literal(left) => match left.split_first() {
                    Some((&want, rest)) if want == byte => {
                        self.scalar.push(byte);
                        at += 1;
                        if rest.is_empty() {
                            events.scalar(&self.scalar);
                            self.after_value();
                        } else {
                            self.state = State::Literal(rest);
                        }
                    }
                    _ => {
                        self.fail(Flaw::Unexpected(byte), at);
                        break;
                    }
                },
                State::Failed => break,
                _ if is_space(byte) => at += bytes.get(at..).unwrap_or_default().iter().take_while(|&&b| is_space(b)).count(),
                _ => {
                    if let Err(flaw) = self.structure(byte, self.offset + at as u64 + 1, events) {
                        self.fail(flaw, at);
                        break;
                    }
                    at += 1;
                }
            }
        }
        self.offset += bytes.len() as u64;
    }

    /// A byte between values, that is no white space.
    #[inline]
    fn structure<E: Events>(&mut self, byte: u8, next_offset: u64, events: &mut E) -> Result<(), Flaw> {
        match (self.state, byte) {
            (State::FirstKey | State::Key, b'"') => {
                self.key.clear();
                self.state = State::KeyText(Escape::None);
            }
            (State::Colon, b':') => self.state = State::Value,
            (State::AfterValue, b',') => self.state = if self.in_array() { State::Value } else { State::Key },
            (State::AfterValue, b']') if self.in_array() => self.leave(events),
            (State::AfterValue | State::FirstKey, b'}') if !self.in_array() => self.leave(events),
            (State::FirstElement, b']') => self.leave(events),
            (State::Value | State::FirstElement, b'"') => {
                events.string_begin(next_offset);
                self.state = State::Text(Escape::None);
            }
            (State::Value | State::FirstElement, b'{' | b'[') => {
                let array = byte == b'[';
                self.enter(array)?;
                events.open(array);
                self.state = if array { State::FirstElement } else { State::FirstKey };
            }
            (State::Value | State::FirstElement, b'-' | b'0'..=b'9') => {
                self.scalar.clear();
                self.scalar.push(byte);
                self.state = State::Number(match byte {
                    b'-' => Number::Minus,
                    b'0' => Number::Zero,
                    _ => Number::Integer,
                });
            }
            (State::Value | State::FirstElement, b't' | b'f' | b'n') => {
                self.scalar.clear();
                self.scalar.push(byte);
                self.state = State::Literal(match byte {
                    b't' => b"rue",
                    b'f' => b"alse",
                    _ => b"ull",
                });
            }
            (State::Done, _) => return Err(Flaw::Trailing),
            _ => return Err(Flaw::Unexpected(byte)),
        }
        Ok(())
    }

    fn in_array(&self) -> bool {
        let Some(top) = self.depth.checked_sub(1) else { return false };
        self.levels.get(top / 64).is_some_and(|word| word >> (top % 64) & 1 == 1)
    }

    fn enter(&mut self, array: bool) -> Result<(), Flaw> {
        if self.depth >= MAX_DEPTH {
            return Err(Flaw::TooDeep);
        }
        let (word, bit) = (self.depth / 64, self.depth % 64);
        if word >= self.levels.len() {
            self.levels.push(0);
        }
        if let Some(levels) = self.levels.get_mut(word) {
            *levels = *levels & !(1 << bit) | u64::from(array) << bit;
        }
        self.depth += 1;
        Ok(())
    }

    fn leave<E: Events>(&mut self, events: &mut E) {
        self.depth = self.depth.saturating_sub(1);
        events.close();
        self.after_value();
    }

    fn after_value(&mut self) {
        self.state = if self.depth == 0 { State::Done } else { State::AfterValue };
    }

    fn end_number<E: Events>(&mut self, number: Number, events: &mut E) {
        if matches!(number, Number::Zero | Number::Integer | Number::Fraction | Number::ExponentDigits) {
            events.scalar(&self.scalar);
            self.after_value();
        } else {
            self.state = State::Failed;
            if self.flaw.is_none() {
                self.flaw = Some((Flaw::Malformed, self.offset));
            }
        }
    }

    fn keep_key(&mut self, part: &[u8]) {
        let room = (MAX_KEY + 1).saturating_sub(self.key.len()).min(part.len());
        self.key.extend_from_slice(part.get(..room).unwrap_or_default());
    }

    fn fail(&mut self, flaw: Flaw, at: usize) {
        self.state = State::Failed;
        self.flaw = Some((flaw, self.offset + at as u64));
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Length of what can be passed on at once of the inside of a string: up to its end, or to an escape that is bad or
/// goes on in the next chunk.
#[inline]
fn plain_len(rest: &[u8]) -> usize {
    let mut len = 0usize;
    loop {
        let tail = rest.get(len..).unwrap_or_default();
        let Some(stop) = memchr2(b'"', b'\\', tail) else { return rest.len() };
        len += stop;
        match tail.get(stop..).unwrap_or_default() {
            [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => len += 2,
            [b'\\', b'u', a, b, c, d, ..] if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) => len += 6,
            _ => return len,
        }
    }
}

/// Where the first control character is. The wide look over a stretch is cheap, the narrow one is for the stretch that has one.
fn first_control(part: &[u8]) -> Option<usize> {
    const STRETCH: usize = 4096;
    let hit = part.chunks(STRETCH).position(|stretch| stretch.iter().fold(false, |seen, &b| seen | (b < 0x20)))?;
    let from = hit * STRETCH;
    part.get(from..)?.iter().position(|&b| b < 0x20).map(|at| from + at)
}

fn next_escape(escape: Escape, byte: u8) -> Option<Escape> {
    match (escape, byte) {
        (Escape::Backslash, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Some(Escape::None),
        (Escape::Backslash, b'u') => Some(Escape::Hex(4)),
        (Escape::Hex(left), b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => Some(if left > 1 { Escape::Hex(left - 1) } else { Escape::None }),
        _ => None,
    }
}

fn next_number(number: Number, byte: u8) -> Option<Number> {
    match (number, byte) {
        (Number::Minus, b'0') => Some(Number::Zero),
        (Number::Minus, b'1'..=b'9') | (Number::Integer, b'0'..=b'9') => Some(Number::Integer),
        (Number::Zero | Number::Integer, b'.') => Some(Number::Point),
        (Number::Point | Number::Fraction, b'0'..=b'9') => Some(Number::Fraction),
        (Number::Zero | Number::Integer | Number::Fraction, b'e' | b'E') => Some(Number::Exponent),
        (Number::Exponent, b'+' | b'-') => Some(Number::ExponentSign),
        (Number::Exponent | Number::ExponentSign | Number::ExponentDigits, b'0'..=b'9') => Some(Number::ExponentDigits),
        _ => None,
    }
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
