//! Image references, as tables of (text, form, path, mime).
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::ImageForm::*;
use super::*;

type Row<'a> = (&'a str, &'a [(ImageForm, Option<&'a str>, Option<&'a str>)]);

fn check(table: &[Row], speaker: Speaker) {
    for (text, expected) in table {
        let got = references(text, speaker);
        let seen: Vec<_> = got.iter().map(|r| (r.form, r.path.as_deref(), r.mime.as_deref())).collect();
        assert_eq!(seen, *expected, "{text}");
        assert!(got.iter().all(|r| text.get(r.at..).is_some()), "{text}");
        assert!(got.windows(2).all(|w| w[0].at <= w[1].at), "{text}");
    }
}

#[test]
fn attachments() {
    let png = Some("image/png");
    let table: &[Row] = &[
        ("[media attached: /h/a.png (image/png) | /h/a.png]\nhi", &[(MediaAttached, Some("/h/a.png"), png)]),
        (
            "[media attached: C:\\Users\\jay\\.openclaw\\media\\inbound\\x.png (image/png) | x]",
            &[(MediaAttached, Some("C:\\Users\\jay\\.openclaw\\media\\inbound\\x.png"), png)],
        ),
        (
            "[media attached: /h/my pic [1].jpg (image/jpeg) | https://x.org/a]",
            &[(MediaAttached, Some("/h/my pic [1].jpg"), Some("image/jpeg"))],
        ),
        (
            "[media attached: 3 files]\n[media attached 1/3: /a.png (image/png)]\n[media attached 2/3: /b.ogg (audio/ogg; codecs=opus)]\n[media attached 3/3: /c.webp]",
            &[(MediaAttached, Some("/a.png"), png), (MediaAttached, Some("/c.webp"), None)],
        ),
        ("[media attached: /a.pdf (application/pdf)]", &[]),
        ("[media attached: /a.bin]", &[]),
        ("[media attached: media://inbound/ab (image/png)]", &[(MediaAttached, Some("media://inbound/ab"), png)]),
        ("[media attached: https://x.org/a.png (image/png)]", &[]),
        (
            "[media attached: /a.png (image/png)] [media attached: /b.png (image/png)] x]",
            &[(MediaAttached, Some("/a.png"), png), (MediaAttached, Some("/b.png"), png)],
        ),
        ("[media attached: /a.png (image/png)]\nsee /a.png", &[(MediaAttached, Some("/a.png"), png)]),
        ("[media attached: /a.png", &[(BarePath, Some("/a.png"), None)]),
        ("[media attached", &[]),
    ];
    check(table, Speaker::User);
}

#[test]
fn other_forms() {
    let table: &[Row] = &[
        ("[Image: source: /h/my a.png] x", &[(ImageSource, Some("/h/my a.png"), None)]),
        ("[Image: source: C:\\h\\a.png]", &[(ImageSource, Some("C:\\h\\a.png"), None)]),
        ("see file:///h/a%20b.png.", &[(FileUrl, Some("/h/a b.png"), None)]),
        ("see file:///C:/h/a.png and file:///h/a.txt", &[(FileUrl, Some("C:/h/a.png"), None)]),
        (
            "look at /h/a.png, ~/b.JPG; ./c.gif (../d.webp)",
            &[
                (BarePath, Some("/h/a.png"), None),
                (BarePath, Some("~/b.JPG"), None),
                (BarePath, Some("./c.gif"), None),
                (BarePath, Some("../d.webp"), None),
            ],
        ),
        ("\"C:\\My Pics\\x.png\" and D:\\y.png", &[(BarePath, Some("C:\\My Pics\\x.png"), None), (BarePath, Some("D:\\y.png"), None)]),
        ("看：/h/a.png，请", &[(BarePath, Some("/h/a.png"), None)]),
        ("![x](/h/a.png) `/h/b.png`", &[(BarePath, Some("/h/a.png"), None), (BarePath, Some("/h/b.png"), None)]),
        ("https://x.org/a.png //cdn/a.png a/b.png a.png", &[]),
        (
            "media://inbound/ab-c.png. media://inbound/q media://inbound/r.pdf",
            &[(MediaUri, Some("media://inbound/ab-c.png"), None), (MediaUri, Some("media://inbound/q"), None)],
        ),
        ("<media:image>\n<media:audio>", &[(MediaTag, None, Some("image/*"))]),
        ("[image data removed - already processed by model]", &[(PrunedMark, None, None)]),
        ("[media reference removed - already processed by model]", &[(PrunedMark, None, None)]),
        ("MEDIA:/h/a.png", &[]),
        (
            "To send an image back, prefer the message tool (media/path/filePath). If you must inline, use MEDIA:/path or MEDIA:https://example.com/image.jpg or a safe relative path like MEDIA:./image.jpg. Avoid (MEDIA:/...) x",
            &[],
        ),
        ("", &[]),
    ];
    check(table, Speaker::User);
}

#[test]
fn assistant() {
    let table: &[Row] = &[
        ("Here:\nMEDIA:/h/a b.png", &[(MediaLine, Some("/h/a b.png"), None)]),
        ("  `MEDIA:C:\\h\\a.png`", &[(MediaLine, Some("C:\\h\\a.png"), None)]),
        ("MEDIA:\"./a.png\"\nMEDIA:https://x.org/a.png\nMEDIA:/a.mp3", &[(MediaLine, Some("./a.png"), None)]),
        ("I wrote MEDIA:/a.png and /b.png", &[]),
        ("x [image data removed - already processed by model]", &[(PrunedMark, None, None)]),
    ];
    check(table, Speaker::Assistant);
}
