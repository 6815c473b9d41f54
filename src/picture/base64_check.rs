//! Chunks of a base64 text in, one verdict out: would a provider take it? Made to keep up with the reading of the file.

use base64_simd::STANDARD_NO_PAD;

/// Bytes that are judged at once with the widest registers that the processor has; a multiple of four. Where one is bad, or the
/// text ends, it is looked at again in blocks.
const STRETCH: usize = 4 * 1024;

/// Bytes that are judged at once near a bad byte. Wide enough for the compiler to use vector registers, narrow enough to find the bad byte in.
const BLOCK: usize = 64;

/// Why a text is no base64 that providers take. Offsets are in raw bytes from the start of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// A byte that is not of the standard alphabet; `-` and `_` of the url-safe one are none, nor are line breaks.
    BadByte {
        /// Where it stands; of an escape, its backslash.
        offset: u64,
    },
    /// A last letter that is too few for a byte.
    BadLength,
    /// `=` too few, too many, or with text behind.
    BadPadding,
    /// No text at all.
    Empty,
    /// A data URL (`data:image/png;base64,..`) instead of its base64.
    DataUrl,
}

/// Judges a base64 text that comes in chunks, raw as in the JSON line, where `\/` is a way to write `/`. Bits that the last
/// letter has too many are not looked at; decoders differ about them.
#[derive(Debug, Clone, Default)]
pub struct Base64Check {
    raw: u64,
    letters: u64,
    padding: u64,
    /// A backslash came last.
    escaped: bool,
    front: [u8; 5],
    flaw: Option<Flaw>,
}

impl Base64Check {
    /// Makes ready for the next text.
    pub fn clear(&mut self) {
        *self = Base64Check::default();
    }

    /// The next raw bytes.
    pub fn push(&mut self, raw: &[u8]) {
        let known = usize::try_from(self.raw).unwrap_or(usize::MAX);
        for (place, &byte) in self.front.iter_mut().skip(known).zip(raw) {
            *place = byte;
        }
        if self.flaw.is_none() {
            self.judge(raw);
        }
        self.raw = self.raw.saturating_add(raw.len() as u64);
    }

    fn judge(&mut self, raw: &[u8]) {
        let mut rest = raw;
        loop {
            if !self.escaped && self.padding == 0 {
                let good = good_len(rest);
                self.letters += good as u64;
                rest = rest.get(good..).unwrap_or_default();
            }
            let Some((&byte, after)) = rest.split_first() else { return };
            let at = self.raw + (raw.len() - rest.len()) as u64;
            rest = after;
            match byte {
                b'/' if self.escaped => {
                    self.escaped = false;
                    // As good as any letter, but for what stands in front of it.
                    self.letters += 1;
                    if self.padding > 0 {
                        self.flaw = Some(Flaw::BadPadding);
                    }
                }
                _ if self.escaped => self.flaw = Some(Flaw::BadByte { offset: at.saturating_sub(1) }),
                b'=' => self.padding += 1,
                b'\\' => self.escaped = true,
                // Only behind padding are the letters not counted above.
                _ if is_letter(byte) => self.flaw = Some(Flaw::BadPadding),
                _ => self.flaw = Some(Flaw::BadByte { offset: at }),
            }
            if self.flaw.is_some() {
                return;
            }
        }
    }

    /// The verdict on all that came.
    ///
    /// # Errors
    /// The first flaw.
    pub fn verdict(&self) -> Result<(), Flaw> {
        if self.raw >= 5 && self.front.eq_ignore_ascii_case(b"data:") {
            return Err(Flaw::DataUrl);
        }
        if let Some(flaw) = self.flaw {
            return Err(flaw);
        }
        match (self.letters % 4, self.padding) {
            _ if self.escaped => Err(Flaw::BadByte { offset: self.raw.saturating_sub(1) }),
            _ if self.raw == 0 => Err(Flaw::Empty),
            (1, _) => Err(Flaw::BadLength),
            (0, 0) | (2, 2) | (3, 1) => Ok(()),
            _ => Err(Flaw::BadPadding),
        }
    }

    /// How many bytes the text stands for; of a flawed one, about.
    pub fn bytes(&self) -> u64 {
        let letters = if self.flaw.is_some() { self.raw } else { self.letters };
        letters / 4 * 3 + (letters % 4).saturating_sub(1)
    }
}

/// Letters from the front on.
fn good_len(text: &[u8]) -> usize {
    let whole = text.chunks(STRETCH).take_while(|stretch| stretch.len() % 4 == 0 && STANDARD_NO_PAD.check(stretch).is_ok());
    let good = whole.map(<[u8]>::len).sum();
    let rest = text.get(good..).unwrap_or_default();
    let (blocks, _) = rest.as_chunks::<BLOCK>();
    let near = blocks.iter().take_while(|block| block.iter().fold(true, |good, &byte| good & is_letter(byte))).count() * BLOCK;
    let tail = rest.get(near..).unwrap_or_default();
    good + near + tail.iter().take_while(|&&byte| is_letter(byte)).count()
}

/// Comparisons of ranges only, without a branch, so that a block becomes vector instructions.
#[inline(always)]
fn is_letter(byte: u8) -> bool {
    // `/` stands right in front of the digits.
    ((byte | 0x20).wrapping_sub(b'a') < 26) | (byte.wrapping_sub(b'/') < 11) | (byte == b'+')
}
