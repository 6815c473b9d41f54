//! The bytes of an image file in, base64 and the type that they really are out.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Length of the base64 of that many bytes.
pub(super) fn encoded_len(len: u64) -> u64 {
    len.div_ceil(3).saturating_mul(4)
}

/// Base64 with padding.
pub(super) fn base64(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| chunk.get(at).copied().unwrap_or_default();
        let word = u32::from(byte(0)) << 16 | u32::from(byte(1)) << 8 | u32::from(byte(2));
        for digit in 0..4 {
            let index = usize::try_from(word >> (18 - 6 * digit) & 63).unwrap_or_default();
            out.push(if digit <= chunk.len() { ALPHABET.get(index).copied().unwrap_or(b'A') } else { b'=' });
        }
    }
    out
}

/// The type that the first bytes show, of those that models take.
pub(super) fn mime(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

/// The same from the beginning of its base64.
pub(super) fn mime_of_base64(start: &[u8]) -> Option<&'static str> {
    [("iVBORw", "image/png"), ("/9j/", "image/jpeg"), ("R0lGOD", "image/gif"), ("UklGR", "image/webp")]
        .into_iter()
        .find(|(magic, _)| start.starts_with(magic.as_bytes()))
        .map(|(_, mime)| mime)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_what_everybody_reads() {
        for (bytes, text) in [
            (&b""[..], ""),
            (b"f", "Zg=="),
            (b"fo", "Zm8="),
            (b"foo", "Zm9v"),
            (b"foob", "Zm9vYg=="),
            (b"fooba", "Zm9vYmE="),
            (b"foobar", "Zm9vYmFy"),
            (&[0xff, 0xef, 0xbf], "/++/"),
        ] {
            assert_eq!(String::from_utf8_lossy(&base64(bytes)), text);
            assert_eq!(encoded_len(bytes.len() as u64), text.len() as u64);
        }
        for bytes in [&b"\x89PNG\r\n\x1a\n...."[..], b"\xff\xd8\xff\xe0\x00\x10JF", b"GIF89a......", b"RIFF\x24\0\0\0WEBPVP8 "] {
            assert!(mime(bytes).is_some());
            assert_eq!(mime(bytes), mime_of_base64(&base64(bytes)));
        }
        assert_eq!(mime(b"<svg>"), None);
    }
}
