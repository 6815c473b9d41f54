//! In: a path or a word of a text. Out: whether it names an image, and the path that it begins with.

/// Endings of image files.
const IMAGE_ENDINGS: [&str; 12] = ["png", "jpg", "jpeg", "gif", "webp", "bmp", "tif", "tiff", "heic", "heif", "avif", "svg"];

/// The ending of the last part of a path, if it looks like one.
pub(super) fn ending(path: &str) -> Option<&str> {
    let name = path.rsplit(['/', '\\']).next()?;
    let (stem, ending) = name.rsplit_once('.')?;
    let plain = (1..=5).contains(&ending.len()) && ending.bytes().all(|b| b.is_ascii_alphanumeric());
    (plain && !stem.is_empty()).then_some(ending)
}

/// Whether the path ends as images do.
pub(super) fn is_image(path: &str) -> bool {
    ending(path).is_some_and(is_image_ending)
}

fn is_image_ending(ending: &str) -> bool {
    IMAGE_ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known))
}

/// Whether it is an address in the net or inline data, so no file.
pub(super) fn is_remote(path: &str) -> bool {
    ["http://", "https://", "data:", "blob:"]
        .iter()
        .any(|scheme| path.get(..scheme.len()).is_some_and(|front| front.eq_ignore_ascii_case(scheme)))
}

/// Whether a path begins here: `/a`, `~/a`, `./a`, `../a`, `C:\a`, `C:/a`, `\\server\a`.
pub(super) fn begins(text: &str) -> bool {
    let bytes = text.as_bytes();
    match bytes {
        [b'/', b'/', ..] => false,
        [b'/', next, ..] => !next.is_ascii_whitespace(),
        [b'~', b'/' | b'\\', ..] | [b'\\', b'\\', ..] => true,
        [b'.', b'/' | b'\\', ..] | [b'.', b'.', b'/' | b'\\', ..] => true,
        [drive, b':', b'/' | b'\\', ..] => drive.is_ascii_alphabetic(),
        _ => false,
    }
}

/// The image path that a word begins with: up to the last image ending that nothing of a path follows.
pub(super) fn image_prefix(word: &str) -> Option<&str> {
    let mut best = None;
    for (dot, _) in word.match_indices('.') {
        let after = word.get(dot + 1..)?;
        let letters = after.bytes().take(6).take_while(u8::is_ascii_alphanumeric).count();
        let (ending, rest) = after.split_at_checked(letters)?;
        let goes_on = rest.starts_with(['/', '\\', '_', '-'])
            || rest.strip_prefix('.').is_some_and(|r| r.starts_with(|c: char| c.is_ascii_alphanumeric()));
        if is_image_ending(ending) && !goes_on {
            best = Some(dot + 1 + letters);
        }
    }
    word.get(..best?).filter(|path| is_image(path))
}

/// The path of a `file:` address: percent signs decoded, `file:///C:/x` without its first slash.
pub(super) fn from_file_url(url: &str) -> Option<String> {
    let rest = url.get(..7).filter(|front| front.eq_ignore_ascii_case("file://")).and(url.get(7..))?;
    let rest = rest.strip_prefix("localhost").unwrap_or(rest);
    let mut bytes = Vec::with_capacity(rest.len());
    let mut left = rest.bytes();
    while let Some(byte) = left.next() {
        let mut ahead = left.clone();
        let pair = (byte == b'%').then(|| Some((hex(ahead.next()?)?, hex(ahead.next()?)?))).flatten();
        match pair {
            Some((high, low)) => {
                bytes.push(high * 16 + low);
                left = ahead;
            }
            None => bytes.push(byte),
        }
    }
    let path = String::from_utf8_lossy(&bytes).into_owned();
    let drive = path.strip_prefix('/').filter(|p| matches!(p.as_bytes(), [d, b':', ..] if d.is_ascii_alphabetic()));
    Some(drive.map_or_else(|| path.clone(), str::to_owned)).filter(|path| !path.is_empty())
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|d| u8::try_from(d).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images() {
        for path in ["/a/b.png", r"C:\x\y.JPEG", "a.b.webp", "media://inbound/x.heic"] {
            assert!(is_image(path), "{path}");
        }
        for path in ["/a/b.pdf", "/a/png", "/a/.png", "", "x.", "/a.png/b"] {
            assert!(!is_image(path), "{path}");
        }
    }

    #[test]
    fn beginnings() {
        for text in ["/a", "~/a", "./a", "../a", r"C:\a", "d:/a", r"\\srv\a"] {
            assert!(begins(text), "{text}");
        }
        for text in ["a/b", "//cdn/x", "/ ", "", "/", "http://x", "é:/a"] {
            assert!(!begins(text), "{text}");
        }
    }

    #[test]
    fn prefixes() {
        let table = [
            ("/a/b.png", Some("/a/b.png")),
            ("/a/b.png,", Some("/a/b.png")),
            ("/a/b.png).", Some("/a/b.png")),
            ("/a/b.png，请看", Some("/a/b.png")),
            ("/a.png/b", None),
            ("/a.png.txt", None),
            ("/a.png.jpg", Some("/a.png.jpg")),
            ("/a.pngx", None),
            ("/a", None),
        ];
        for (word, expected) in table {
            assert_eq!(image_prefix(word), expected, "{word}");
        }
    }

    #[test]
    fn urls() {
        let table = [
            ("file:///home/j/a%20b.png", Some("/home/j/a b.png")),
            ("file:///C:/Users/j/a.png", Some("C:/Users/j/a.png")),
            ("FILE://localhost/a.png", Some("/a.png")),
            ("file:///a%zz%", Some("/a%zz%")),
            ("file:", None),
            ("http://x", None),
        ];
        for (url, expected) in table {
            assert_eq!(from_file_url(url).as_deref(), expected, "{url}");
        }
    }
}
