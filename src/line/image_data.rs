//! The base64 of one image block in, while it streams by; whether it decodes and what its header says out.

use crate::picture::{Base64Check, Flaw, Picture};

/// Bytes kept from the front of the base64. The headers of most images end well before.
const KEPT: usize = 2 * 1024;

#[derive(Debug, Default)]
pub(super) struct ImageData {
    check: Base64Check,
    head: Vec<u8>,
}

impl ImageData {
    /// Makes ready for the next image.
    pub(super) fn begin(&mut self) {
        self.check.clear();
        self.head.clear();
    }

    /// The next raw bytes.
    #[inline]
    pub(super) fn push(&mut self, raw: &[u8]) {
        let room = KEPT.saturating_sub(self.head.len()).min(raw.len());
        self.head.extend_from_slice(raw.get(..room).unwrap_or_default());
        self.check.push(raw);
    }

    /// Why it does not decode.
    pub(super) fn flaw(&self) -> Option<Flaw> {
        self.check.verdict().err()
    }

    /// What its front says.
    pub(super) fn picture(&self) -> Picture {
        Picture::read(&self.head)
    }
}
