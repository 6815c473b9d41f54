//! A place where a credential seems to begin in, whether one stands there out: its shape, what stands around it, and whether
//! it looks drawn at random rather than written as an example.

/// Bytes in front of a prefix that are looked at.
pub(super) const BACK: usize = 64;
/// Bytes from a prefix on that are looked at; nothing longer is told apart.
pub(super) const AHEAD: usize = 768;

/// Which bytes a credential is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alphabet {
    /// `0-9a-f`
    Hex,
    /// `A-Z2-7`
    Base32,
    /// `A-Za-z0-9`
    Alnum,
    /// and `_`
    Word,
    /// and `-`
    Dash,
    /// and `.`
    Dotted,
    /// [`Alphabet::Dash`] and `/`
    Path,
    /// [`Alphabet::Dotted`] and `~+/=`
    Token,
    /// `A-Za-z0-9+/`
    Base64,
}

impl Alphabet {
    fn has(self, byte: u8) -> bool {
        let dash = byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        match self {
            Alphabet::Hex => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            Alphabet::Base32 => matches!(byte, b'A'..=b'Z' | b'2'..=b'7'),
            Alphabet::Alnum => byte.is_ascii_alphanumeric(),
            Alphabet::Word => is_word(byte),
            Alphabet::Dash => dash,
            Alphabet::Dotted => dash || byte == b'.',
            Alphabet::Path => dash || byte == b'/',
            Alphabet::Token => dash || matches!(byte, b'.' | b'~' | b'+' | b'/' | b'='),
            Alphabet::Base64 => byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'),
        }
    }

    /// How many bytes of the front are of the alphabet, up to a limit.
    fn run(self, text: &[u8], limit: usize) -> usize {
        text.iter().take(limit).take_while(|&&byte| self.has(byte)).count()
    }

    /// Bits a byte that random text has at least, in texts as short as credentials are.
    fn bits(self) -> f64 {
        match self {
            Alphabet::Hex | Alphabet::Base32 => 2.8,
            _ => 3.3,
        }
    }
}

/// What follows a prefix.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// So many bytes of an alphabet, at least and at most.
    Run(Alphabet, usize, usize),
    /// Runs with dots between; each so many bytes at least and at most.
    Parts(&'static [(usize, usize)]),
    /// The number of the bot stands in front of the colon.
    Telegram,
    /// The header of the PEM begins in front; a line of base64 follows.
    PrivateKey,
    /// Header, payload, signature.
    Jwt,
    /// As [`Shape::Run`], of what may stand in that header.
    Bearer,
}

/// User id, time, signature; three letters of the id are the prefix.
pub(super) const DISCORD: Shape = Shape::Parts(&[(20, 26), (6, 6), (27, 40)]);
pub(super) const SENDGRID: &[(usize, usize)] = &[(22, 22), (43, 43)];

/// Where a credential stands, from its prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    /// Bytes in front of the prefix that belong to it.
    pub back: usize,
    /// Bytes from the prefix on.
    pub ahead: usize,
}

/// Looks at the text from a prefix on. Of the text in front `before` has [`BACK`] bytes, or all.
pub(super) fn fits(shape: Shape, prefix: usize, before: &[u8], text: &[u8]) -> Option<Extent> {
    let text = text.get(..AHEAD).unwrap_or(text);
    let body = text.get(prefix..)?;
    let plain = |len: usize| Some(Extent { back: 0, ahead: prefix + len });
    match shape {
        Shape::Run(alphabet, min, max) => plain(run(alphabet, min, max, before, body)?),
        Shape::Bearer => plain(run(Alphabet::Token, 24, 400, before, body)?),
        Shape::Parts(parts) => {
            let mut len = 0;
            for (at, &(min, max)) in parts.iter().enumerate() {
                len += usize::from(at > 0 && body.get(len) == Some(&b'.'));
                let part = Alphabet::Dash.run(body.get(len..)?, max + 1);
                len += part;
                let dotted = body.get(len) == Some(&b'.');
                if !(min..=max).contains(&part) || (at + 1 < parts.len()) && !dotted {
                    return None;
                }
            }
            (begins(before) && is_live(body.get(..len)?, Alphabet::Dotted)).then_some(())?;
            plain(len)
        }
        Shape::Telegram => {
            let digits = before.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
            let front = before.get(..before.len().saturating_sub(digits))?;
            // The address of the API has the word in front.
            let begins = begins(front) || front.ends_with(b"bot");
            let token = text.get(1..)?;
            let len = Alphabet::Dash.run(token, 36);
            let fits = (8..=10).contains(&digits) && begins && len == 35 && is_live(token.get(..len)?, Alphabet::Dash);
            fits.then_some(Extent { back: digits, ahead: 1 + len })
        }
        Shape::PrivateKey => {
            const BEGIN: &[u8] = b"-----BEGIN ";
            let begin = memchr::memmem::rfind(before, BEGIN)?;
            let sort = before.get(begin + BEGIN.len()..)?;
            sort.iter().all(|&byte| byte.is_ascii_uppercase() || byte == b' ').then_some(())?;
            let gap = newline(body.get(..24).unwrap_or(body));
            let line = body.get(gap..)?;
            let len = Alphabet::Base64.run(line, 256);
            (len >= 40 && is_random(line.get(..len)?, 3.0) && !is_example(line.get(..len)?)).then_some(())?;
            Some(Extent { back: before.len() - begin, ahead: prefix + gap + len })
        }
        Shape::Jwt => {
            let head = Alphabet::Dash.run(body, AHEAD);
            let payload = body.get(head..)?.strip_prefix(b".").filter(|payload| payload.starts_with(b"eyJ"))?;
            let claims = Alphabet::Dash.run(payload, AHEAD);
            let mut len = head + 1 + claims;
            // A payload that goes on past what is looked at has its signature there.
            if let Some(after) = payload.get(claims..).filter(|after| !after.is_empty() || text.len() < AHEAD) {
                let signature = Alphabet::Dash.run(after.strip_prefix(b".")?, AHEAD);
                len += 1 + signature;
                (signature >= 20 || prefix + len == AHEAD).then_some(())?;
            }
            let random = body.get(..len)?;
            (begins(before) && head >= 8 && claims >= 12 && is_random(random, 4.0) && !is_example(random)).then_some(())?;
            plain(len)
        }
    }
}

fn run(alphabet: Alphabet, min: usize, max: usize, before: &[u8], body: &[u8]) -> Option<usize> {
    let full = alphabet.run(body, max + 1);
    let goes_on = body.get(full).is_some_and(|&byte| is_word(byte) || byte == b'-');
    // A full stop ends the sentence, not the credential.
    let len = body.get(..full)?.iter().rposition(|&byte| byte != b'.').map_or(0, |last| last + 1);
    let fits = full <= max && !goes_on && len >= min && begins(before) && is_live(body.get(..len)?, alphabet);
    fits.then_some(len)
}

/// Whether a word can begin behind this raw text: it ends with what is no part of a word, or with an escape.
fn begins(before: &[u8]) -> bool {
    match before {
        [] => true,
        // Line breaks and tabs as JSON writes them, once or many times over.
        [.., b'\\', b'n' | b'r' | b't' | b'b' | b'f'] => true,
        [.., b'\\', b'u', a, b, c, d] if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) => true,
        [.., b'%', a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => true,
        // The end of a colour code.
        [front @ .., b'm'] => {
            let code = front.iter().rev().take_while(|byte| byte.is_ascii_digit() || **byte == b';').count();
            front.get(..front.len().saturating_sub(code)).is_some_and(|front| front.ends_with(b"["))
        }
        [.., last] => !is_word(*last) && *last != b'-',
    }
}

/// Length of the line break in front: escapes, once or many times over, and spaces.
fn newline(text: &[u8]) -> usize {
    let mut len = 0;
    loop {
        let rest = text.get(len..).unwrap_or_default();
        let slashes = rest.iter().take_while(|&&byte| byte == b'\\').count();
        len += match rest.get(slashes) {
            Some(b'n' | b'r') if slashes > 0 => slashes + 1,
            Some(b' ') if slashes == 0 => 1,
            _ => return len,
        };
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether a text looks drawn at random, and by a machine.
fn is_live(body: &[u8], alphabet: Alphabet) -> bool {
    let count = |of: fn(&u8) -> bool| body.iter().filter(|byte| of(byte)).count();
    let (digits, upper, lower) = (count(u8::is_ascii_digit), count(u8::is_ascii_uppercase), count(u8::is_ascii_lowercase));
    let mixed = match alphabet {
        Alphabet::Hex => digits > 0 && lower > 0,
        Alphabet::Base32 => true,
        // Words joined by dashes have few digits and no capitals, or nothing else.
        _ => lower > 0 && (digits > 11 || upper > 0 && digits > 0 || upper > 3 && lower > 3),
    };
    let joints = count(|byte| matches!(byte, b'-' | b'_'));
    mixed && joints <= 3 + body.len() / 12 && is_random(body, alphabet.bits()) && !has_pattern(body) && !is_example(body)
}

/// Whether the bytes vary as much as this.
fn is_random(body: &[u8], bits: f64) -> bool {
    let mut counts = [0u32; 256];
    for &byte in body {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let total = body.len() as f64;
    let entropy: f64 = counts.iter().filter(|&&count| count > 0).map(|&count| f64::from(count) / total).map(|p| -p * p.log2()).sum();
    entropy >= bits
}

/// Whether a byte is repeated, or bytes count up or down, longer than chance does it.
fn has_pattern(body: &[u8]) -> bool {
    let mut steps = body.windows(2).map(|pair| match pair {
        [a, b] => i16::from(*b) - i16::from(*a),
        _ => 0,
    });
    let Some(mut last) = steps.next() else { return false };
    let mut same = 1;
    for step in steps {
        same = if step == last { same + 1 } else { 1 };
        last = step;
        if same >= 4 && step == 0 || same >= 6 && step.abs() == 1 {
            return true;
        }
    }
    false
}

/// Whether it says that it is an example, or is one that everybody copies.
fn is_example(body: &[u8]) -> bool {
    const WORDS: &[&[u8]] = &[
        b"example",
        b"placeholder",
        b"redacted",
        b"removed",
        b"changeme",
        b"replace",
        b"secret",
        b"sample",
        b"dummy",
        b"fake-",
        b"fake_",
        b"your-",
        b"your_",
        b"yourkey",
        b"yourtoken",
        b"youraccess",
        b"-here",
        b"_here",
        b"xxxx",
        b"qwerty",
        b"deadbeef",
    ];
    const COPIED: &[&[u8]] = &[
        // Telegram's documentation.
        b"AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw",
        // The base64 of `1234567890` in the token that jwt.io shows.
        b"xMjM0NTY3ODkw",
    ];
    let said = |word: &&[u8]| body.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
    WORDS.iter().any(said) || COPIED.iter().any(|known| memchr::memmem::find(body, known).is_some())
}
