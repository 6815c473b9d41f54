//! The base64 text of an inline image in, what its header says out: format, width, height. Pixels are never decoded.
//! [`Base64Check`] beside it judges the whole text while it streams by.
//!
//! Both take the text raw, as it stands in the JSON line, where `\/` is a way to write `/`.

mod base64_check;
mod cure;
#[cfg(test)]
mod tests;

pub use base64_check::{Base64Check, Flaw};
pub use cure::{Cure, cure};

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use imagesize::{Compression, ImageType};

/// As much of a text as is worth keeping for [`Picture::read`]: a JPEG can have that much in front of its size.
pub const HEAD: usize = 256 * 1024;

/// Longest base64 of one image that providers take, in bytes.
pub const MAX_BASE64: u64 = 5 << 20;

/// Most images tell all within this much base64.
const FIRST_LOOK: usize = 4 * 1024;

/// How an image is coded, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// PNG
    Png,
    /// JPEG
    Jpeg,
    /// GIF
    Gif,
    /// WebP
    Webp,
    /// Windows bitmap
    Bmp,
    /// HEIF with HEVC inside, as telephones take pictures
    Heic,
    /// HEIF with AV1 inside
    Avif,
    /// HEIF that does not say at once what is inside
    Heif,
    /// TIFF
    Tiff,
    /// SVG
    Svg,
}

impl Format {
    /// The media type.
    pub fn mime(self) -> &'static str {
        match self {
            Format::Png => "image/png",
            Format::Jpeg => "image/jpeg",
            Format::Gif => "image/gif",
            Format::Webp => "image/webp",
            Format::Bmp => "image/bmp",
            Format::Heic => "image/heic",
            Format::Avif => "image/avif",
            Format::Heif => "image/heif",
            Format::Tiff => "image/tiff",
            Format::Svg => "image/svg+xml",
        }
    }
}

/// What the header of an image says. Each part is `None` where the header is cut, damaged or unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Picture {
    /// The format.
    pub format: Option<Format>,
    /// Pixels across, as stored; a camera's note to turn the picture is not followed.
    pub width: Option<u32>,
    /// Pixels down.
    pub height: Option<u32>,
}

impl Picture {
    /// Reads the front of a base64 text; [`HEAD`] bytes are enough, fewer do. Lenient, since it is about what the image
    /// is: a data URL's front, line breaks and the url-safe alphabet are read over, and the text ends where it is no base64.
    pub fn read(base64: &[u8]) -> Picture {
        let base64 = base64.get(..HEAD).unwrap_or(base64);
        let base64 = payload(base64);
        let first = Picture::of(&decode(base64.get(..FIRST_LOOK).unwrap_or(base64)));
        if first.format.is_none() || first.width.is_some() || base64.len() <= FIRST_LOOK { first } else { Picture::of(&decode(base64)) }
    }

    /// Reads the front of an image file.
    pub fn of(bytes: &[u8]) -> Picture {
        let Some(format) = format(bytes) else { return Picture::default() };
        let size = if states_size(format, bytes) { imagesize::blob_size(bytes).ok() } else { None };
        let (width, height) = size.map_or((None, None), |size| (u32::try_from(size.width).ok(), u32::try_from(size.height).ok()));
        match format {
            // Rows from the top are told by a height below zero.
            Format::Bmp => Picture { format: Some(format), width, height: height.map(|height| height.cast_signed().unsigned_abs()) },
            // The upper two bits ask for scaling when shown.
            Format::Webp if bytes.get(12..16) == Some(b"VP8 ") => {
                Picture { format: Some(format), width: width.map(|w| w & 0x3FFF), height: height.map(|h| h & 0x3FFF) }
            }
            _ => Picture { format: Some(format), width, height },
        }
    }
}

fn format(bytes: &[u8]) -> Option<Format> {
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    if text.starts_with(b"<") {
        let front = text.get(..1024).unwrap_or(text);
        return memchr::memmem::find(front, b"<svg").map(|_| Format::Svg);
    }
    match imagesize::image_type(bytes).ok()? {
        ImageType::Png => bytes.starts_with(b"\x89PNG\r\n\x1a\n").then_some(Format::Png),
        ImageType::Jpeg => Some(Format::Jpeg),
        ImageType::Gif => Some(Format::Gif),
        ImageType::Webp => Some(Format::Webp),
        // Two letters are little to go by; four bytes that are always zero stand behind.
        ImageType::Bmp => (bytes.get(6..10) == Some(&[0; 4])).then_some(Format::Bmp),
        ImageType::Tiff => Some(Format::Tiff),
        ImageType::Heif(Compression::Hevc) => Some(Format::Heic),
        ImageType::Heif(Compression::Av1) => Some(Format::Avif),
        // Videos begin the same way, with another brand.
        ImageType::Heif(_) => match bytes.get(8..12) {
            Some(b"mif1" | b"mif2" | b"msf1" | b"miaf") => Some(Format::Heif),
            _ => None,
        },
        _ => None,
    }
}

/// Whether the size stands where `imagesize` looks for it.
fn states_size(format: Format, bytes: &[u8]) -> bool {
    match format {
        Format::Svg => false,
        // Apple's own PNGs put another chunk first.
        Format::Png => bytes.get(12..16) == Some(b"IHDR"),
        // The oldest bitmaps, with a header of 12 bytes, have 16 bits for each.
        Format::Bmp => bytes.get(14..18) != Some(&[12, 0, 0, 0]),
        _ => true,
    }
}

/// What follows the comma of a data URL; else the text itself.
fn payload(text: &[u8]) -> &[u8] {
    let data = text.get(..5).is_some_and(|front| front.eq_ignore_ascii_case(b"data:"));
    let comma = if data { memchr::memchr(b',', text.get(..1024).unwrap_or(text)) } else { None };
    comma.and_then(|comma| text.get(comma + 1..)).unwrap_or(text)
}

/// Takes what any decoder takes.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true).with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

fn decode(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        match (byte, if byte == b'\\' { bytes.next() } else { None }) {
            (b'\\', Some(b'/')) => plain.push(b'/'),
            (b'\\', Some(b'n' | b'r' | b't')) | (b' ', _) => {}
            (b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/', _) => plain.push(byte),
            (b'-', _) => plain.push(b'+'),
            (b'_', _) => plain.push(b'/'),
            _ => break,
        }
    }
    if plain.len() % 4 == 1 {
        plain.pop();
    }
    LENIENT.decode(&plain).unwrap_or_default()
}
