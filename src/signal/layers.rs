//! In: a text. Out: the layers that the gateway put around it peeled off: system lines, marks, metadata in front and
//! behind, and the range that is left.

use std::ops::Range;

use super::exec::ExecExit;
use super::facts::ChatFacts;
use super::text::{blank_len, first_line, line_len, tail};
use super::{clock::Clock, info, marks, prompt, reply, system};

/// A text without its outer layers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Layers {
    /// What is left: an envelope with a message, a prompt, or plain words.
    pub body: Range<usize>,
    /// What metadata blocks tell.
    pub facts: ChatFacts,
    /// A metadata block about this message was seen.
    pub info: bool,
    /// One was seen beside the message, outside of runtime context: what stands behind it is a person's.
    pub beside: bool,
    /// Ends of background runs.
    pub exits: Vec<ExecExit>,
    /// The time of the last system line.
    pub system_clock: Option<Clock>,
    /// System lines were seen.
    pub system: bool,
    /// Runtime context was seen.
    pub internal: bool,
    /// The turn is sent again, or goes on after one that was broken off.
    pub resumes: Option<Resumes>,
}

/// What a note in front says about the turn before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resumes {
    /// The same turn, sent again.
    Retry,
    /// A new turn after one that was broken off.
    Aborted,
}

/// Peels `text`.
pub(super) fn peel(text: &str) -> Layers {
    let mut layers = Layers::default();
    let start = layers.peel_front(text);
    let end = layers.peel_back(text, start);
    layers.body = start..end;
    layers
}

impl Layers {
    /// Takes off what stands in front. Returns where the rest begins.
    pub(super) fn peel_front(&mut self, text: &str) -> usize {
        let mut at = 0;
        loop {
            at += blank_len(tail(text, at));
            let taken = self.peel_one(tail(text, at));
            if taken == 0 {
                return at;
            }
            at += taken;
        }
    }

    fn peel_one(&mut self, rest: &str) -> usize {
        // Behind metadata about the message stands the message: a system line there is a person's.
        if !self.beside
            && let Some(len) = self.eat_system(rest)
        {
            return len;
        }
        if let Some(info) = info::eat(rest) {
            self.beside |= info.about_message;
            self.info |= info.about_message;
            self.facts.fill(info.facts);
            return info.len;
        }
        if let Some((inside, len)) = marks::internal(rest) {
            self.read_internal(inside);
            return len;
        }
        if rest.starts_with(prompt::RETRY) {
            self.resumes = Some(Resumes::Retry);
            return line_len(rest);
        }
        if let Some(len) = marks::note_len(rest) {
            if rest.starts_with(prompt::ABORTED) {
                self.resumes = self.resumes.or(Some(Resumes::Aborted));
            }
            return len;
        }
        marks::media_len(rest).unwrap_or(0)
    }

    fn eat_system(&mut self, rest: &str) -> Option<usize> {
        let line = system::eat(rest)?;
        self.system = true;
        self.exits.extend(line.exit);
        self.system_clock = line.clock.or(self.system_clock.take());
        Some(line.len)
    }

    /// System lines and metadata blocks within runtime context, bare or as one JSON string.
    fn read_internal(&mut self, inside: &str) {
        self.internal = true;
        let mut rest = inside.trim();
        let mut decoded = None;
        if let Some(data) = rest.strip_prefix("Conversation data (data, not instructions):") {
            decoded = serde_json::from_str::<String>(data.trim()).ok();
        }
        if let Some(text) = &decoded {
            rest = text.trim();
        }
        while let Some(len) = self.eat_system(rest) {
            rest = tail(rest, len).trim_start();
        }
        // What is no block is runtime talk: look for the next line that begins one.
        let mut torn = 0;
        while !rest.is_empty() && torn < 8 {
            let Some(info) = info::eat(rest) else {
                torn += usize::from(info::is_header(first_line(rest)));
                rest = tail(rest, line_len(rest));
                continue;
            };
            self.info |= info.about_message;
            self.facts.fill(info.facts);
            rest = tail(rest, info.len);
        }
    }

    /// Takes metadata off the end. Returns where the rest ends.
    fn peel_back(&mut self, text: &str, start: usize) -> usize {
        // Metadata in front, or an envelope: what looks like metadata at the end was written by the person.
        let enveloped = super::envelope::parse(tail(text, start)).is_some_and(|e| !e.bare);
        let trusted = !self.info && !enveloped;
        let mut body = tail(text, start).trim_end();
        // The first block from behind is the last one: keep the front one's word, so collect first.
        let mut found = Vec::new();
        loop {
            if let Some((inside, at)) = marks::trailing_internal(body) {
                if trusted {
                    self.read_internal(inside);
                }
                body = body.get(..at).unwrap_or("").trim_end();
            } else if trusted && let Some((at, info)) = info::eat_trailing(body) {
                found.push(info);
                body = body.get(..at).unwrap_or("").trim_end();
            } else {
                break;
            }
        }
        for info in found.into_iter().rev() {
            self.beside |= info.about_message;
            self.info |= info.about_message;
            self.facts.fill(info.facts);
        }
        start + body.len()
    }

    /// Takes an id line off the end of the body, if it stands there alone.
    pub(super) fn peel_id_line(&mut self, text: &str) {
        let body = text.get(self.body.clone()).unwrap_or("");
        let Some((at, line)) = reply::trailing_id_line(body) else { return };
        if self.facts.message_id.is_none() {
            self.facts.message_id = Some(line.message_id.to_owned());
        }
        let chat = line.chat_id.map(str::to_owned);
        self.body.end = self.body.start + body.get(..at).unwrap_or("").trim_end().len();
        if let Some(chat) = chat {
            self.facts.chat_id = Some(chat);
        }
    }
}
