//! In: the body of an enveloped message. Out: the message it replies to, its own id, and where its text begins and ends.

use super::text::{first_line, tail};

/// A line `[message_id: N]` or Slack's `[slack message id: N channel: C]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IdLine<'t> {
    /// The message's id.
    pub message_id: &'t str,
    /// The channel's id, in Slack's form.
    pub chat_id: Option<&'t str>,
}

/// Reads a whole line.
pub(super) fn id_line(line: &str) -> Option<IdLine<'_>> {
    let inside = line.trim().strip_prefix('[')?.strip_suffix(']')?;
    let (message_id, chat_id) = if let Some(id) = inside.strip_prefix("message_id:") {
        (id.trim(), None)
    } else {
        let (id, chat) = inside.strip_prefix("slack message id:")?.split_once(" channel:")?;
        (id.trim(), Some(chat.trim()).filter(|chat| !chat.is_empty()))
    };
    let plain = !message_id.is_empty() && message_id.len() <= 256 && !message_id.contains(char::is_whitespace);
    plain.then_some(IdLine { message_id, chat_id })
}

/// The id line that `body` ends with, and where it begins. It stands alone on its line.
pub(super) fn trailing_id_line(body: &str) -> Option<(usize, IdLine<'_>)> {
    let body = body.trim_end();
    let start = body.rfind('\n').map_or(0, |at| at + 1);
    Some((start, id_line(tail(body, start))?))
}

/// Whether an id is a uuid, as the gateway's own clients number their messages.
pub(super) fn is_uuid(id: &str) -> bool {
    id.len() == 36
        && id.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// Where the line begins that says who spoke, at the end of a batch: `[from: Name (+E164)]`.
pub(super) fn trailing_from_line(body: &str) -> Option<usize> {
    let body = body.trim_end();
    let start = body.rfind('\n').map_or(0, |at| at + 1);
    let line = tail(body, start);
    (start > 0 && line.starts_with("[from: ") && line.ends_with(']')).then_some(start)
}

/// A block `[Replying to Name id:N] ... [/Replying]` at one end of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Quote<'t> {
    /// The message replied to.
    pub id: Option<&'t str>,
    /// Where the block begins.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

const KINDS: [(&str, &str); 2] = [("[Replying to ", "[/Replying]"), ("[Quoting ", "[/Quoting]")];

/// Reads the quote that `body` ends with, else the one it begins with.
pub(super) fn quote(body: &str) -> Option<Quote<'_>> {
    let body = body.trim_end();
    for (open, close) in KINDS {
        if let Some(front) = body.strip_suffix(close) {
            let start = memchr::memmem::rfind(front.as_bytes(), open.as_bytes())?;
            let at_line_start = start == 0 || front.get(..start)?.ends_with('\n');
            return at_line_start.then(|| Quote { id: quoted_id(tail(body, start)), start, end: body.len() });
        }
    }
    let (_, close) = KINDS.iter().find(|(open, _)| body.starts_with(open))?;
    let end = memchr::memmem::find(body.as_bytes(), close.as_bytes())? + close.len();
    Some(Quote { id: quoted_id(body), start: 0, end })
}

fn quoted_id(block: &str) -> Option<&str> {
    let line = first_line(block);
    let inside = line.split_once(']').map(|(inside, _)| inside)?;
    let (_, id) = inside.rsplit_once(" id:")?;
    id.split_whitespace().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_lines() {
        let table = [
            ("[message_id: 4103]", Some(("4103", None))),
            ("[message_id: om_x100b5]", Some(("om_x100b5", None))),
            ("[message_id: 3A3B6E77DA58DD]", Some(("3A3B6E77DA58DD", None))),
            ("[slack message id: 1700.12 channel: C123]", Some(("1700.12", Some("C123")))),
            ("see [message_id: 1]", None),
            ("[message_id: ]", None),
            ("[message_id: two words]", None),
        ];
        for (line, expected) in table {
            assert_eq!(id_line(line).map(|l| (l.message_id, l.chat_id)), expected, "{line}");
        }
        assert_eq!(trailing_id_line("a\n[message_id: 1]\n").map(|(at, l)| (at, l.message_id)), Some((2, "1")));
        assert_eq!(trailing_id_line("a\n[message_id: 1]\nb"), None);
        assert_eq!(trailing_from_line("a\n[from: Jay (+1)]"), Some(2));
    }

    #[test]
    fn quotes() {
        let table = [
            ("yes\n\n[Replying to Jay id:41]\nis it?\n[/Replying]", Some((Some("41"), 5))),
            ("[Replying to Jay id:41]\nis it?\n[/Replying]\nyes", Some((Some("41"), 0))),
            ("[Replying to Jay]\nis it?\n[/Replying]", Some((None, 0))),
            ("yes\n[Quoting Jay id:9]\n\"x\"\n[/Quoting]", Some((Some("9"), 4))),
            ("he wrote [Replying to Jay id:41] x [/Replying]", None),
            ("a [Replying to Jay id:41]\nx\n[/Replying] b", None),
            ("[/Replying]", None),
        ];
        for (body, expected) in table {
            assert_eq!(quote(body).map(|q| (q.id, q.start)), expected, "{body}");
        }
    }
}
