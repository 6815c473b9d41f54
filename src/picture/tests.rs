//! Headers of every format, whole and cut at every byte, and base64 of every fault.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::*;
use base64::engine::general_purpose::STANDARD as BASE64;
use proptest::prelude::*;

fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

fn png(width: u32, height: u32) -> Vec<u8> {
    join(&[b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", &width.to_be_bytes(), &height.to_be_bytes(), b"\x08\x06\0\0\0crc!"])
}

/// A JPEG with this much in front of its frame.
fn jpeg(before: usize) -> Vec<u8> {
    let mut out = b"\xFF\xD8".to_vec();
    let mut left = before;
    while left > 0 {
        let part = left.min(65_000);
        out.extend_from_slice(b"\xFF\xE1");
        out.extend_from_slice(&u16::try_from(part + 2).unwrap().to_be_bytes());
        out.extend(std::iter::repeat_n(0xAB, part));
        left -= part;
    }
    out.extend_from_slice(b"\xFF\xC2\0\x11\x08\x01\x02\x03\x04\x03");
    out
}

fn bmp(header: u32, width: i32, height: i32) -> Vec<u8> {
    join(&[b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0", &header.to_le_bytes(), &width.to_le_bytes(), &height.to_le_bytes()])
}

fn tiff() -> Vec<u8> {
    let tag = |tag: u8, value: u8| [tag, 1, 3, 0, 1, 0, 0, 0, value, 1, 0, 0];
    join(&[b"II*\0\x08\0\0\0\x02\0", &tag(0, 7), &tag(1, 8)])
}

fn heif(brands: &[u8; 12]) -> Vec<u8> {
    let ispe = join(&[b"\0\0\0\x14ispe\0\0\0\0", &640u32.to_be_bytes(), &480u32.to_be_bytes()]);
    let ipco = join(&[&28u32.to_be_bytes(), b"ipco", &ispe]);
    let iprp = join(&[&36u32.to_be_bytes(), b"iprp", &ipco]);
    let meta = join(&[&48u32.to_be_bytes(), b"meta\0\0\0\0", &iprp]);
    join(&[&20u32.to_be_bytes(), b"ftyp", brands, &meta, b"\0\0\0\0mdat"])
}

/// Name, bytes, format, size.
type Sample = (&'static str, Vec<u8>, Option<Format>, Option<(u32, u32)>);

fn samples() -> Vec<Sample> {
    use Format::*;
    vec![
        ("png", png(1280, 720), Some(Png), Some((1280, 720))),
        ("png of hostile size", png(u32::MAX, u32::MAX), Some(Png), Some((u32::MAX, u32::MAX))),
        ("png after a text conversion", b"\x89PNG\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01".to_vec(), None, None),
        ("png of an iPhone app", join(&[b"\x89PNG\r\n\x1a\n\0\0\0\x04CgBI", &[7; 20]]), Some(Png), None),
        ("jpeg", jpeg(0), Some(Jpeg), Some((0x304, 0x102))),
        ("jpeg with a long profile", jpeg(150_000), Some(Jpeg), Some((0x304, 0x102))),
        ("jpeg with more than the head in front", jpeg(300_000), Some(Jpeg), None),
        ("jpeg with a mark of no length", b"\xFF\xD8\xFF\xE0\0\0\xFF\xC0\0\0\0\0".to_vec(), Some(Jpeg), None),
        ("gif", b"GIF89a\x40\x01\xF0\0\0\0\0;".to_vec(), Some(Gif), Some((320, 240))),
        ("webp, lossy", b"RIFF....WEBPVP8 ....\x30\x01\0\x9D\x01\x2A\x40\x41\xF0\xC0".to_vec(), Some(Webp), Some((320, 240))),
        ("webp, lossless", b"RIFF....WEBPVP8L....\x2F\x3F\xC1\x3B\0".to_vec(), Some(Webp), Some((320, 240))),
        ("webp, extended", b"RIFF....WEBPVP8X\x0A\0\0\0\x10\0\0\0\x3F\x01\0\xEF\0\0".to_vec(), Some(Webp), Some((320, 240))),
        ("bmp", bmp(40, 64, 48), Some(Bmp), Some((64, 48))),
        ("bmp from the top", bmp(40, 64, -48), Some(Bmp), Some((64, 48))),
        ("bmp of the hostile kind", bmp(40, i32::MIN, i32::MIN), Some(Bmp), Some((1 << 31, 1 << 31))),
        ("bmp of OS/2", bmp(12, 64, 48), Some(Bmp), None),
        ("text", b"BMW is no bitmap at all".to_vec(), None, None),
        ("tiff", tiff(), Some(Tiff), Some((0x107, 0x108))),
        ("heic", heif(b"heic\0\0\0\0mif1"), Some(Heic), Some((640, 480))),
        ("avif", heif(b"avif\0\0\0\0mif1"), Some(Avif), Some((640, 480))),
        ("heif of any kind", heif(b"mif1\0\0\0\0mif1"), Some(Heif), Some((640, 480))),
        ("video", heif(b"isom\0\0\x02\0mp41"), None, None),
        ("svg", b"<?xml version=\"1.0\"?>\n<!-- x -->\n<svg viewBox='0 0 1 1'/>".to_vec(), Some(Svg), None),
        ("html", b"<html><body>404</body></html>".to_vec(), None, None),
        ("nothing", Vec::new(), None, None),
    ]
}

#[test]
fn headers() {
    for (name, bytes, format, size) in samples() {
        let expected = Picture { format, width: size.map(|size| size.0), height: size.map(|size| size.1) };
        let base64 = BASE64.encode(&bytes);
        assert_eq!(Picture::read(base64.as_bytes()), expected, "{name}");
        let slashed = base64.replace('/', "\\/").into_bytes();
        let wrapped = base64.as_bytes().chunks(76).collect::<Vec<_>>().join(&b"\\r\\n"[..]);
        let url = format!("data:image/png;base64,{}", base64.replace('/', "_").replace('+', "-")).into_bytes();
        for text in [slashed, wrapped, url] {
            // These need room of their own in the head.
            if base64.len() < HEAD / 2 {
                assert_eq!(Picture::read(&text), expected, "{name}, written otherwise");
            }
        }
    }
}

#[test]
fn a_cut_header_says_less_and_nothing_else() {
    for (name, bytes, format, size) in samples() {
        let base64 = BASE64.encode(&bytes);
        for len in 0..base64.len().min(200) {
            let got = Picture::read(&base64.as_bytes()[..len]);
            assert!(got.format.is_none() || format.is_none() || got.format == format, "{name} cut to {len}");
            if let (Some(width), Some(height), Some(size)) = (got.width, got.height, size) {
                assert_eq!((width, height), size, "{name} cut to {len}");
            }
        }
    }
}

fn verdict(text: &[u8], chunk: usize) -> Result<(), Flaw> {
    let mut check = Base64Check::default();
    text.chunks(chunk.max(1)).for_each(|part| check.push(part));
    check.verdict()
}

#[test]
fn verdicts() {
    use Flaw::*;
    let long = "iVBORw0KGgo/".repeat(50);
    let with = |at: usize, bad: &str| format!("{}{bad}{}", &long[..at], &long[at..]);
    let table: &[(String, Result<(), Flaw>)] = &[
        ("QUJD".into(), Ok(())),
        ("QUI=".into(), Ok(())),
        ("QQ==".into(), Ok(())),
        ("a+/9\\/\\/\\/\\/".into(), Ok(())),
        (long.clone(), Ok(())),
        (String::new(), Err(Empty)),
        ("Q".into(), Err(BadLength)),
        ("QUJDQ".into(), Err(BadLength)),
        ("Q===".into(), Err(BadLength)),
        ("QQ".into(), Err(BadPadding)),
        ("QUI".into(), Err(BadPadding)),
        ("QQ=".into(), Err(BadPadding)),
        ("QUI==".into(), Err(BadPadding)),
        ("QUJD====".into(), Err(BadPadding)),
        ("=".into(), Err(BadPadding)),
        ("QQ==QUJD".into(), Err(BadPadding)),
        ("QQ==\\/UJD".into(), Err(BadPadding)),
        ("QQ= =".into(), Err(BadByte { offset: 3 })),
        ("QQ=\\n".into(), Err(BadByte { offset: 3 })),
        ("QU-D".into(), Err(BadByte { offset: 2 })),
        ("QU_D".into(), Err(BadByte { offset: 2 })),
        ("QUJD\\nQUJD".into(), Err(BadByte { offset: 4 })),
        ("QUJD\\".into(), Err(BadByte { offset: 4 })),
        ("\\u0041UJD".into(), Err(BadByte { offset: 0 })),
        ("QUé=".into(), Err(BadByte { offset: 2 })),
        (with(0, " "), Err(BadByte { offset: 0 })),
        (with(64, "\\n"), Err(BadByte { offset: 64 })),
        (with(333, "."), Err(BadByte { offset: 333 })),
        (with(600, "@"), Err(BadByte { offset: 600 })),
        ("data:image/png;base64,QUJD".into(), Err(DataUrl)),
        ("DATA:,".into(), Err(DataUrl)),
        ("data".into(), Ok(())),
        ("[truncated]".into(), Err(BadByte { offset: 0 })),
    ];
    for (text, expected) in table {
        for chunk in [1, 2, 3, 5, 63, 64, 65, 4096] {
            assert_eq!(verdict(text.as_bytes(), chunk), *expected, "{text} by {chunk}");
        }
    }
}

#[test]
fn letters_are_those_of_the_alphabet() {
    for byte in 0..=255u8 {
        let alone = verdict(&[byte, b'A', b'A', b'A'], 4);
        assert_eq!(alone.is_ok(), STANDARD.as_str().as_bytes().contains(&byte), "{byte}");
    }
}

proptest! {
    #[test]
    fn base64_is_taken_whatever_the_cuts(bytes in prop::collection::vec(any::<u8>(), 1..400), chunk in 1usize..200, slashed: bool) {
        let text = BASE64.encode(&bytes);
        let text = if slashed { text.replace('/', "\\/") } else { text };
        let mut check = Base64Check::default();
        text.as_bytes().chunks(chunk).for_each(|part| check.push(part));
        prop_assert_eq!(check.verdict(), Ok(()));
        prop_assert_eq!(check.bytes(), bytes.len() as u64);
    }

    #[test]
    fn no_text_panics(bytes: Vec<u8>, chunk in 1usize..20) {
        prop_assert_eq!(verdict(&bytes, chunk), verdict(&bytes, usize::MAX));
        Picture::read(&bytes);
        Picture::of(&bytes);
    }

    #[test]
    fn no_bent_header_panics(which: prop::sample::Index, bends in prop::collection::vec((0usize..120, any::<u8>()), 1..8), len in 0usize..160) {
        let mut bytes = which.get(&samples()).1.clone();
        for (at, byte) in bends {
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
        }
        bytes.truncate(len);
        prop_assert_eq!(Picture::of(&bytes), Picture::read(BASE64.encode(&bytes).as_bytes()));
    }
}
