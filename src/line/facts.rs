//! One line's chunks in, [`Line`] out: the facts of a transcript line, decoded when asked for.

use std::borrow::Cow;

use super::block::Block;
use super::collect::{Collector, Seen};
use super::fields::Slot;
use super::text::decode;
use super::token::{Flaw, Tokenizer};
use super::{FaultKind, Kind, Role};
use crate::secret::Scanner;

/// An `id`, `parentId` or other reference as JavaScript sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Id<'a> {
    /// The field is not there.
    Missing,
    /// `null`
    Null,
    /// A string.
    Text(Cow<'a, str>),
    /// Something else, as it is written; it equals no string.
    Other(Cow<'a, str>),
}

/// Parses lines, one after another, from chunks. Its buffers are reused, so keep one for each thread.
#[derive(Debug, Default)]
pub struct Parser {
    tokenizer: Tokenizer,
    collector: Collector,
    nul_only: bool,
    blank: bool,
    invalid_utf8: bool,
    begun: bool,
}

impl Parser {
    /// A parser at the start of a line.
    pub fn new() -> Self {
        Self::default()
    }

    /// What is shaped like a credential in the strings of the line that was ended last, faulty or not.
    pub fn secrets(&self) -> &Scanner {
        &self.collector.secrets
    }

    /// The next bytes of the line; see [`crate::read::Quality`] for the flags.
    #[inline]
    pub fn feed(&mut self, bytes: &[u8], quality: crate::read::Quality) {
        if !self.begun {
            self.begun = true;
            self.nul_only = true;
            self.blank = true;
            self.invalid_utf8 = false;
            self.tokenizer.reset();
            self.collector.reset();
        }
        self.nul_only = self.nul_only && bytes.iter().all(|&b| b == 0);
        self.blank = self.blank && bytes.iter().all(|&b| matches!(b, b' ' | b'\t' | b'\r' | 0x0B | 0x0C));
        self.invalid_utf8 |= !quality.utf8;
        self.tokenizer.feed(bytes, quality.control, &mut self.collector);
    }

    /// Ends the line. `None` for a blank line. The second part tells of a flaw that does not cost the line.
    ///
    /// # Errors
    /// The fault of a line that the loader skips, and the offset of its first bad byte within the line.
    #[allow(clippy::type_complexity, reason = "one caller, which takes it apart at once")]
    pub fn end(&mut self, terminated: bool) -> Option<Result<(Line<'_>, Option<FaultKind>), (FaultKind, u64)>> {
        if !std::mem::take(&mut self.begun) || self.blank {
            return None;
        }
        if self.nul_only {
            return Some(Err((FaultKind::Nul, 0)));
        }
        match self.tokenizer.finish(&mut self.collector) {
            Ok(()) => {
                let note = self.invalid_utf8.then_some(FaultKind::InvalidUtf8);
                Some(Ok((Line { parts: &self.collector }, note)))
            }
            Err((Flaw::Cut, at)) if !terminated => Some(Err((FaultKind::Torn, at))),
            Err((Flaw::Trailing, at)) if self.collector.object => Some(Err((FaultKind::Trailing, at))),
            Err((flaw, at)) => Some(Err((FaultKind::NotJson(flaw), at))),
        }
    }
}

/// The facts of one line. Borrowed from the [`Parser`] until its next line.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    parts: &'a Collector,
}

impl<'a> Line<'a> {
    /// How a slot is written, if it holds a value of that sort.
    fn written(&self, slot: Slot, wanted: Seen) -> Option<&'a [u8]> {
        self.parts.slot(slot).filter(|(seen, _)| *seen == wanted).map(|(_, raw)| raw)
    }

    /// The `type` of the line.
    pub fn kind(&self) -> Kind {
        match (self.parts.object, self.parts.top) {
            (true, _) => self.text_of(Slot::Type).map_or(Kind::Unknown, |name| Kind::of(&name)),
            (false, Some(Seen::Null)) => Kind::Null,
            (false, Some(Seen::Container)) => Kind::NotAnObject,
            (false, _) => Kind::Scalar,
        }
    }

    /// The role of the line's message; `None` when `message` is missing or null, which the loader cannot bear.
    pub fn role(&self) -> Option<Role> {
        match self.parts.slot(Slot::Message)? {
            (Seen::Null, _) => None,
            _ => Some(self.text_of(Slot::Role).map_or(Role::Missing, |name| Role::of(&name))),
        }
    }

    /// A field's text, when the field is a string.
    pub fn text_of(&self, slot: Slot) -> Option<Cow<'a, str>> {
        self.written(slot, Seen::Text).map(decode)
    }

    /// A field's number, when the field is one.
    pub fn number_of(&self, slot: Slot) -> Option<f64> {
        std::str::from_utf8(self.written(slot, Seen::Number)?).ok()?.parse().ok()
    }

    /// A field's whole number, when the field is one within range.
    #[allow(clippy::cast_possible_truncation, reason = "checked against the range just before")]
    pub fn integer_of(&self, slot: Slot) -> Option<i64> {
        let number = self.number_of(slot)?;
        (number.abs() < 9.0e15).then_some(number as i64)
    }

    /// A field's truth value, when it is one.
    pub fn flag_of(&self, slot: Slot) -> Option<bool> {
        match self.parts.slot(slot)?.0 {
            Seen::True => Some(true),
            Seen::False => Some(false),
            _ => None,
        }
    }

    /// A field as a reference to an entry.
    pub fn id_of(&self, slot: Slot) -> Id<'a> {
        match self.parts.slot(slot) {
            None => Id::Missing,
            Some((Seen::Null, _)) => Id::Null,
            Some((Seen::Text, raw)) => Id::Text(decode(raw)),
            Some((_, raw)) => Id::Other(decode(raw)),
        }
    }

    /// Whether a field is there and is no empty string, `null`, `false` or zero.
    pub fn truthy(&self, slot: Slot) -> bool {
        match self.parts.slot(slot) {
            Some((Seen::Text, raw)) => !raw.is_empty(),
            Some((Seen::Number, _)) => self.number_of(slot).is_some_and(|n| n != 0.0),
            Some((Seen::True | Seen::Container, _)) => true,
            Some((Seen::False | Seen::Null, _)) | None => false,
        }
    }

    /// All text of the content, its blocks joined by newlines, decoded now.
    pub fn text(&self) -> Cow<'a, str> {
        self.parts.text.text()
    }

    /// Length of the content's text in raw bytes, escapes included.
    pub fn text_len(&self) -> u64 {
        self.parts.text.total()
    }

    /// The image, tool-call and thinking blocks of the content.
    pub fn blocks(&self) -> &'a [Block] {
        &self.parts.blocks
    }

    /// Blocks beyond what is recorded of one line.
    pub fn blocks_left_out(&self) -> u64 {
        self.parts.blocks_left_out
    }

    /// Blocks of the content that are no text, of any type.
    pub fn other_blocks(&self) -> u64 {
        self.parts.other_blocks
    }

    /// Whether there is content at all: a string or a list.
    pub fn has_content(&self) -> bool {
        self.parts.has_content
    }

    /// The `name` of a tool call.
    pub fn block_name(&self, block: &Block) -> Option<Cow<'a, str>> {
        block.name.map(|value| decode(self.parts.bytes(value)))
    }

    /// The `id` of a tool call.
    pub fn block_id(&self, block: &Block) -> Option<Cow<'a, str>> {
        block.id.map(|value| decode(self.parts.bytes(value)))
    }

    /// The `mimeType` of an image.
    pub fn block_mime(&self, block: &Block) -> Option<Cow<'a, str>> {
        block.mime.map(|value| decode(self.parts.bytes(value)))
    }

    /// The paths of `MediaPaths`, else the one of `MediaPath`.
    pub fn media_paths(&self) -> Vec<Cow<'a, str>> {
        if self.parts.media_paths.is_empty() {
            return self.text_of(Slot::MediaPath).into_iter().collect();
        }
        self.parts.media_paths.iter().map(|value| decode(self.parts.bytes(*value))).collect()
    }

    /// Whether the message has an `__openclaw` object, which the gateway writes from May 2026 on.
    pub fn has_internal_fields(&self) -> bool {
        self.parts.internal
    }

    /// Whether a field that matters stands twice in the line; the last one counts.
    pub fn has_duplicate_field(&self) -> bool {
        self.parts.duplicate
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
    use super::super::{BlockKind, text};
    use super::*;
    use crate::read::Quality;
    use proptest::prelude::*;

    fn with_line<T>(line: &[u8], step: usize, look: impl FnOnce(Line<'_>) -> T) -> Result<T, FaultKind> {
        let mut parser = Parser::new();
        for chunk in line.chunks(step.max(1)) {
            parser.feed(chunk, Quality { utf8: std::str::from_utf8(line).is_ok(), control: true });
        }
        match parser.end(true) {
            Some(Ok((line, _))) => Ok(look(line)),
            Some(Err((fault, _))) => Err(fault),
            None => panic!("blank"),
        }
    }

    #[test]
    fn key_order_does_not_matter() {
        let one = r#"{"type":"message","id":"a1","parentId":null,"message":{"role":"user","content":[{"type":"text","text":"hi"}]}}"#;
        let two = r#"{"message":{"content":[{"text":"hi","type":"text"}],"role":"user"},"parentId":null,"id":"a1","type":"message"}"#;
        for line in [one, two] {
            for step in [1, 7, line.len()] {
                with_line(line.as_bytes(), step, |line| {
                    assert_eq!(line.kind(), Kind::Message);
                    assert_eq!(line.role(), Some(Role::User));
                    assert_eq!(line.id_of(Slot::Id), Id::Text("a1".into()));
                    assert_eq!(line.id_of(Slot::ParentId), Id::Null);
                    assert_eq!(line.id_of(Slot::TargetId), Id::Missing);
                    assert_eq!(line.text(), "hi");
                })
                .unwrap();
            }
        }
    }

    #[test]
    fn keys_count_only_where_they_belong() {
        let line =
            br#"{"type":"custom","data":{"type":"message","id":"no","message":{"role":"user"}},"id":"yes","details":{"status":"x"}}"#;
        with_line(line, 5, |line| {
            assert_eq!(line.kind(), Kind::Custom);
            assert_eq!(line.id_of(Slot::Id), Id::Text("yes".into()));
            assert_eq!(line.role(), None);
            assert_eq!(line.text_of(Slot::DetailsStatus), None);
        })
        .unwrap();
    }

    #[test]
    fn images_are_located_and_never_copied() {
        let data = "A".repeat(5_000_000);
        let line = format!(
            r#"{{"type":"message","message":{{"role":"user","content":[{{"type":"image","data":"{data}","mimeType":"image/png"}},{{"type":"thinking","text":"no"}}]}}}}"#
        );
        let mut parser = Parser::new();
        parser.feed(line.as_bytes(), Quality { utf8: true, control: false });
        let Some(Ok((facts, None))) = parser.end(true) else { panic!("good line") };
        let [image, _] = facts.blocks() else { panic!("an image and a thought") };
        let (offset, len) = image.data().unwrap();
        assert_eq!(&line[offset as usize..(offset + len) as usize], data);
        assert_eq!(facts.block_mime(image).unwrap(), "image/png");
        assert_eq!(image.kind(), BlockKind::Image);
        assert_eq!(facts.text(), "", "text of a block that is no text block does not count");
        assert!(parser.collector.memory() < 4096 + text::HEAD, "nothing of the data is held");
    }

    #[test]
    fn the_last_of_two_equal_keys_counts() {
        let line = br#"{"type":"message","id":"a","id":"b","message":{"role":"user","content":"old"},"message":{"role":"assistant","content":"new"}}"#;
        with_line(line, 9, |line| {
            assert_eq!(line.id_of(Slot::Id), Id::Text("b".into()));
            assert_eq!((line.role(), &*line.text()), (Some(Role::Assistant), "new"));
            assert!(line.has_duplicate_field());
        })
        .unwrap();
    }

    #[test]
    fn e3_media_and_exec_fields() {
        let line = br#"{"type":"message","message":{"role":"user","content":"x","timestamp":1795330712973,"MediaPath":"/a","MediaPaths":["/a","/b"],"__openclaw":{"senderIsOwner":false,"senderId":"7"}}}"#;
        with_line(line, 3, |line| {
            assert_eq!(line.media_paths(), ["/a", "/b"]);
            assert_eq!(line.text_of(Slot::SenderId).unwrap(), "7");
            assert_eq!(line.flag_of(Slot::SenderIsOwner), Some(false));
            assert_eq!(line.integer_of(Slot::MessageTimestamp), Some(1_795_330_712_973));
        })
        .unwrap();
        let line = br#"{"type":"message","message":{"role":"toolResult","details":{"status":"running","sessionId":"brisk-gulf"}}}"#;
        with_line(line, 3, |line| assert_eq!(line.text_of(Slot::DetailsSessionId).unwrap(), "brisk-gulf")).unwrap();
    }

    #[test]
    fn null_and_foreign_values_are_told_apart() {
        assert_eq!(with_line(b"null", 2, |line| line.kind()), Ok(Kind::Null));
        assert_eq!(with_line(b"[{\"type\":\"message\"}]", 2, |line| line.kind()), Ok(Kind::NotAnObject));
        assert_eq!(with_line(b"\"text\"", 2, |line| line.kind()), Ok(Kind::Scalar));
        assert_eq!(with_line(b"{\"type\":7}", 2, |line| line.kind()), Ok(Kind::Unknown));
        assert_eq!(with_line(b"{\"message\":null}", 2, |line| line.role()), Ok(None));
        assert_eq!(with_line(b"\0\0\0", 2, |line| line.kind()), Err(FaultKind::Nul));
    }

    /// JSON that serde and `JSON.parse` agree on: shallow, numbers in range, no lone surrogates.
    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<f32>().prop_filter("finite", |f| f.is_finite()).prop_map(|f| f64::from(f).into()),
            "[a-z\\\\\"é\u{1F600}\n\t ]{0,12}".prop_map(Into::into),
        ];
        let key = prop_oneof![
            Just("type"),
            Just("id"),
            Just("message"),
            Just("role"),
            Just("content"),
            Just("text"),
            Just("data"),
            Just("MediaPaths"),
            Just("x")
        ];
        leaf.prop_recursive(5, 40, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                prop::collection::vec((key.clone(), inner), 0..6)
                    .prop_map(|pairs| serde_json::Value::Object(pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn agrees_with_serde_on_good_lines(value in json(), step in 1usize..40) {
            let line = serde_json::to_string(&value).unwrap();
            with_line(line.as_bytes(), step, |facts| {
                if let Some(object) = value.as_object() {
                    let id = match object.get("id") {
                        None => Id::Missing,
                        Some(serde_json::Value::Null) => Id::Null,
                        Some(serde_json::Value::String(text)) => Id::Text(text.clone().into()),
                        Some(_) => return,
                    };
                    assert_eq!(facts.id_of(Slot::Id), id);
                    let role = value.pointer("/message/role").and_then(|role| role.as_str());
                    assert_eq!(facts.text_of(Slot::Role).as_deref(), role);
                } else {
                    assert_eq!(facts.kind() == Kind::Null, value.is_null());
                }
            }).unwrap();
        }

        #[test]
        fn agrees_with_serde_on_what_is_json(value in json(), cut in any::<prop::sample::Index>(), byte in any::<u8>(), how in 0..3) {
            let mut line = serde_json::to_vec(&value).unwrap();
            let at = cut.index(line.len());
            match how { 0 => line.truncate(at), 1 => line[at] = byte, _ => line.insert(at, byte) }
            // The loader decodes the bytes first, so invalid UTF-8 is U+FFFD to it.
            let seen = String::from_utf8_lossy(&line).into_owned();
            prop_assume!(!seen.trim().is_empty() && !seen.contains('\n') && !seen.bytes().all(|b| b == 0));
            let theirs = serde_json::from_str::<serde_json::Value>(&seen);
            // Two things serde refuses and JavaScript does not.
            let stricter = theirs.as_ref().is_err_and(|e| ["out of range", "surrogate", "hex escape"].iter().any(|s| e.to_string().contains(s)));
            prop_assume!(!stricter);
            let theirs = theirs.is_ok();
            prop_assert_eq!(with_line(&line, 11, |_| ()).is_ok(), theirs, "{}", seen);
        }

        #[test]
        fn any_bytes_are_survived(line in prop::collection::vec(any::<u8>(), 0..200), step in 1usize..20) {
            let mut parser = Parser::new();
            for chunk in line.chunks(step) {
                parser.feed(chunk, Quality { utf8: false, control: true });
            }
            if let Some(Ok((line, _))) = parser.end(false) {
                let _ = (line.text(), line.kind(), line.media_paths());
            }
        }
    }
}
