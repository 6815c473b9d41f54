//! Credentials made up here and now. They are put together when the test runs: written out, the repository itself would look
//! as if it leaked them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::*;
use proptest::prelude::*;

const ALNUM: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const HEX: &[u8] = b"0123456789abcdef";
const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const DIGITS: &[u8] = b"0123456789";

/// So many letters, always the same ones.
fn noise(letters: &[u8], len: usize, seed: u64) -> String {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        letters[(state >> 33) as usize % letters.len()] as char
    };
    (0..len).map(|_| next()).collect()
}

fn alnum(len: usize) -> String {
    noise(ALNUM, len, 7)
}

/// One of every kind and form.
fn credentials() -> Vec<(Kind, String)> {
    let hex = |len| noise(HEX, len, 3);
    let digits = |len| noise(DIGITS, len, 5);
    let jwt = |head: &str| format!("{head}{}.{}{}.{}", alnum(26), "eyJ", alnum(60), alnum(43));
    let table: &[(Kind, &[&str], String)] = &[
        (Kind::Anthropic, &["sk-", "ant-"], format!("api03-{}AA", alnum(93))),
        (Kind::Anthropic, &["sk-", "ant-"], format!("oat01-{}-{}AA", alnum(52), alnum(40))),
        (Kind::OpenAi, &["sk-", "proj-"], format!("{}T3BlbkFJ{}", alnum(74), alnum(74))),
        (Kind::OpenAi, &["sk-", "svcacct-"], alnum(120)),
        (Kind::OpenAi, &["sk", "-"], alnum(48)),
        (Kind::OpenRouter, &["sk-", "or-v1-"], hex(64)),
        (Kind::DeepSeek, &["sk", "-"], hex(32)),
        (Kind::Xai, &["xai", "-"], alnum(80)),
        (Kind::Groq, &["gsk", "_"], alnum(52)),
        (Kind::Perplexity, &["pplx", "-"], alnum(48)),
        (Kind::Replicate, &["r8", "_"], alnum(37)),
        (Kind::Brave, &["BS", "A"], alnum(28)),
        (Kind::Tavily, &["tvly", "-dev-"], alnum(32)),
        (Kind::ElevenLabs, &["sk", "_"], hex(48)),
        (Kind::HuggingFace, &["hf", "_"], noise(&ALNUM[..52], 34, 1)),
        (Kind::GitHub, &["gh", "p_"], alnum(36)),
        (Kind::GitHub, &["gh", "s_"], alnum(36)),
        (Kind::GitHub, &["github", "_pat_"], format!("{}_{}", alnum(22), alnum(59))),
        (Kind::GitLab, &["glpat", "-"], alnum(20)),
        (Kind::Slack, &["xox", "b-"], format!("{}-{}-{}", digits(12), digits(13), alnum(24))),
        (Kind::Slack, &["xox", "p-"], format!("{}-{}-{}-{}", digits(12), digits(13), digits(13), hex(32))),
        (Kind::Slack, &["xap", "p-"], format!("1-A0{}-{}-{}", noise(BASE32, 9, 2), digits(13), hex(64))),
        (Kind::Slack, &["hooks.slack", ".com/services/"], format!("T0{}/B0{}/{}", noise(BASE32, 8, 2), noise(BASE32, 8, 4), alnum(24))),
        (Kind::Telegram, &["7409", "316258:", "AA"], alnum(33)),
        (Kind::Discord, &["MT", "Q"], format!("{}.GxK3vB.{}", alnum(23), alnum(38))),
        (Kind::Discord, &["discord.com", "/api/webhooks/"], format!("{}/{}", digits(19), alnum(68))),
        (Kind::Aws, &["AK", "IA"], noise(BASE32, 16, 9)),
        (Kind::Aws, &["AS", "IA"], noise(BASE32, 16, 8)),
        (Kind::Google, &["AI", "za"], alnum(35)),
        (Kind::Google, &["GOC", "SPX-"], alnum(28)),
        (Kind::Stripe, &["sk_", "live_"], alnum(24)),
        (Kind::Stripe, &["rk_", "live_"], alnum(99)),
        (Kind::SendGrid, &["SG", "."], format!("{}.{}", alnum(22), alnum(43))),
        (Kind::DigitalOcean, &["dop", "_v1_"], hex(64)),
        (Kind::Notion, &["ntn", "_"], alnum(46)),
        (Kind::Linear, &["lin", "_api_"], alnum(40)),
        (Kind::Tailscale, &["tskey", "-auth-"], format!("k{}CNTRL-{}", alnum(11), alnum(32))),
        (Kind::Docker, &["dckr", "_pat_"], alnum(27)),
        (Kind::Npm, &["npm", "_"], alnum(36)),
        (Kind::PyPi, &["pypi", "-AgE"], alnum(160)),
        (Kind::PrivateKeyPem, &["-----BEGIN ", "PRIVATE ", "KEY-----\\n"], alnum(64)),
        (Kind::PrivateKeyPem, &["-----BEGIN RSA ", "PRIVATE ", "KEY-----\\\\r\\\\n"], alnum(64)),
        (
            Kind::PrivateKeyPem,
            &["-----BEGIN OPENSSH ", "PRIVATE ", "KEY-----\\n"],
            format!("b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2{}", alnum(4)),
        ),
        (Kind::JsonWebToken, &["ey"], jwt("JhbGciOi")),
        (Kind::JsonWebToken, &["ey"], jwt("J0eXAiOi")),
        (Kind::JsonWebToken, &["ey"], jwt("JraWQiOi")),
        (Kind::BearerToken, &["Bear", "er "], hex(48)),
        (Kind::BearerToken, &["Bear", "er "], format!("{}+/{}==", alnum(20), alnum(20))),
    ];
    table.iter().map(|(kind, prefix, body)| (*kind, prefix.concat() + body)).collect()
}

fn scan(text: &[u8], chunk: usize) -> (Vec<Finding>, u64) {
    let mut scanner = Scanner::default();
    scanner.begin(1000);
    text.chunks(chunk.max(1)).for_each(|part| scanner.push(part));
    scanner.end();
    (scanner.findings().to_vec(), scanner.count())
}

fn kinds(text: &str) -> Vec<Kind> {
    scan(text.as_bytes(), usize::MAX).0.iter().map(|finding| finding.kind).collect()
}

#[test]
fn every_kind_is_found_where_it_stands() {
    let (all, fronts) = (credentials(), ["", " ", "=", "\\\"", "\\n", "\\\\n", "\\t", "\\u003d", "%3D", "\\u001b[1;32m", "'", "/", "é"]);
    for (kind, text) in &all {
        for (front, back) in
            fronts.iter().flat_map(|front| ["", " ", "\\n", "\\\"", ".", ". Then", ",", "\\u003e"].map(|back| (front, back)))
        {
            let line = format!("export KEY{front}{text}{back}");
            let len = u32::try_from(text.len()).unwrap();
            let front = if front.is_empty() { continue } else { front.len() };
            let expected = Finding { kind: *kind, offset: 1010 + front as u64, len };
            assert_eq!(scan(line.as_bytes(), usize::MAX).0, [expected], "{line}");
        }
        assert_eq!(kinds(text), [*kind], "{text} alone");
    }
    for kind in Kind::ALL {
        assert!(all.iter().any(|(tried, _)| tried == kind), "no example of {}", kind.name());
    }
}

#[test]
fn what_is_no_credential() {
    let (a, h) = (alnum(400), noise(HEX, 400, 3));
    let ant = ["sk-", "ant-api03-"].concat();
    let gh = ["gh", "p_"].concat();
    let table: &[(&str, String)] = &[
        ("crosses", format!("{ant}{}", "x".repeat(95))),
        ("the end of one", format!("{ant}{}...", &a[..12])),
        ("stars", format!("{ant}****************{}", &a[..4])),
        ("an example by its word", format!("{ant}{}EXAMPLE{}", &a[..44], &a[44..88])),
        ("words", format!("{ant}this-is-where-the-key-goes-{}", "and-some-more-words-".repeat(3))),
        ("a placeholder", format!("{ant}<your key>")),
        ("one letter again and again", format!("{gh}{}", "a1B".repeat(12))),
        ("a row of letters", format!("{gh}abcdefghijklmnopqrstuvwxyzABCDEFGHIJ")),
        ("a row of digits", format!("{gh}1234567890{}", &a[..26])),
        ("too short", format!("{gh}{}", &a[..35])),
        ("too long", format!("{gh}{}", &a[..300])),
        ("inside a word", format!("x{gh}{}", &a[..36])),
        ("of Amazon's documentation", ["AK", "IA", "IOSFODNN7EXAMPLE"].concat()),
        ("in a longer word", format!("AKIA{}Q", noise(BASE32, 16, 9))),
        ("a task's id", format!("task-{}", &h[..32])),
        ("a hash that is longer", format!("sk-{}", &h[..40])),
        ("a uuid's front", format!("sk-{}-1", &h[..32])),
        ("test mode", format!("sk_test_{}", &a[..24])),
        ("of Telegram's documentation", ["110201543:AA", "HdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"].concat()),
        ("a bot with too few digits", format!("1234567:AA{}", &a[..33])),
        ("a bot whose number begins inside a number", format!("x740931625:AA{}", &a[..33])),
        ("a key that is only mentioned", ["-----BEGIN PRIVATE ", "KEY-----\\n...\\n"].concat()),
        ("a public key", format!("-----BEGIN PUBLIC KEY-----\\n{}", &a[..64])),
        ("half a token", format!("eyJhbGciOi{}.eyJ{}", &a[..26], &a[..60])),
        ("jwt.io's", format!("eyJhbGciOi{}.eyJ{}IxMjM0NTY3ODkw{}.{}", &a[..26], "zdWIiOi", &a[..60], &a[..43])),
        ("a variable", "Authorization: Bearer $OPENAI_API_KEY_FOR_THE_REST_OF_US".to_owned()),
        ("a word of the documentation", "Authorization: Bearer your-access-token-1234-goes-HERE-please".to_owned()),
        ("a placeholder behind Bearer", format!("Bearer {ant}{}", "x".repeat(95))),
        ("prose", "the bearer of the AKIA, the MTA and the BSA; sk-learn, hf_hub, eyJ and :AAA are no keys".to_owned()),
        ("base64", a.clone()),
    ];
    for (name, text) in table {
        for line in [text.clone(), format!("export KEY={text}\\n")] {
            assert_eq!(kinds(&line), [], "{name}: {line}");
        }
    }
}

#[test]
fn one_credential_is_one_finding() {
    let (a, gh) = (alnum(400), ["gh", "p_"].concat());
    let ant = format!("{}{}AA", ["sk-", "ant-api03-"].concat(), &a[..93]);
    assert_eq!(kinds(&format!("Authorization: Bearer {ant}")), [Kind::Anthropic]);
    assert_eq!(kinds(&format!("https://api.telegram.org/bot7409316258:AA{}/getMe", &a[..33])), [Kind::Telegram]);
    assert_eq!(kinds(&format!("https://{gh}{}@github.com/x/y", &a[..36])), [Kind::GitHub]);
    assert_eq!(kinds(&format!("{gh}{0} {gh}{0}", &a[..36])), [Kind::GitHub; 2]);
    let long = format!("eyJhbGciOi{}.eyJ{}.{}", &a[..26], a.repeat(5), &a[..43]);
    let found = scan(long.as_bytes(), 100).0;
    assert_eq!((found.len(), found[0].kind, found[0].len), (1, Kind::JsonWebToken, 768));
    let many = format!("{gh}{} ", &a[..36]).repeat(300);
    let (found, count) = scan(many.as_bytes(), 777);
    assert_eq!((found.len(), count), (MAX_FINDINGS, 300));
}

#[test]
fn strings_are_apart_and_nothing_is_kept() {
    let (gh, a) = (["gh", "p_"].concat(), alnum(36));
    let mut scanner = Scanner::default();
    for (at, part) in [(10, gh.as_str()), (20, a.as_str()), (70, "x")] {
        scanner.begin(at);
        scanner.push(part.as_bytes());
        scanner.end();
    }
    assert_eq!(scanner.count(), 0);
    scanner.begin(5);
    scanner.push(format!("{gh}{a}").as_bytes());
    scanner.end();
    assert_eq!(scanner.findings(), [Finding { kind: Kind::GitHub, offset: 5, len: 40 }]);
    assert!(!format!("{scanner:?}").contains(&a));
    assert!(scanner.window.is_empty());
    scanner.clear();
    assert!(scanner.findings().is_empty() && scanner.count() == 0);
}

#[test]
fn the_table_is_in_order() {
    for row in ROWS {
        let longest = match row.shape {
            shape::Shape::Run(_, min, max) => {
                assert!(min <= max);
                max
            }
            _ => 400,
        };
        assert!(row.prefix.len() >= 3 && row.prefix.len() + longest + 1 < AHEAD, "{}", row.prefix);
    }
    let mut names: Vec<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Kind::ALL.len());
    assert!(!matches!(*PREFIXES, Prefixes::Automaton(None)));
}

proptest! {
    #[test]
    fn chunks_do_not_matter(
        parts in prop::collection::vec((prop::sample::select(credentials()), "[ a-z\\\\=\"-]{0,3}", 0usize..900), 0..60),
        chunks in prop::collection::vec(1usize..3000, 1..12),
    ) {
        let mut text = String::new();
        for ((_, credential), between, fill) in parts {
            text.push_str(&between);
            text.push_str(&credential);
            text.extend(std::iter::repeat_n("ab ", fill / 3));
        }
        let whole = scan(text.as_bytes(), usize::MAX);
        let mut scanner = Scanner::default();
        scanner.begin(1000);
        let (mut rest, mut sizes) = (text.as_bytes(), chunks.iter().cycle());
        while !rest.is_empty() {
            let (part, after) = rest.split_at(rest.len().min(*sizes.next().unwrap()));
            scanner.push(part);
            rest = after;
        }
        scanner.end();
        prop_assert_eq!((scanner.findings().to_vec(), scanner.count()), whole.clone());

        // Nor does the window: a search of each finding's surroundings alone finds it again.
        for finding in whole.0 {
            let at = usize::try_from(finding.offset).unwrap() - 1000;
            let near = &text.as_bytes()[at.saturating_sub(200)..text.len().min(at + 1000)];
            prop_assert!(scan(near, usize::MAX).0.iter().any(|again| (again.kind, again.len) == (finding.kind, finding.len)));
        }
    }

    #[test]
    fn no_text_panics(bytes: Vec<u8>, text in "(sk-|ghp_|:AA|eyJhbGciOi|MTA|\\.|-----BEGIN |PRIVATE KEY-----|\\\\n|[A-Za-z0-9]{1,40}|[0-9]{8}){0,30}", chunk in 1usize..50) {
        scan(&bytes, chunk);
        prop_assert_eq!(scan(text.as_bytes(), chunk), scan(text.as_bytes(), usize::MAX));
    }

    #[test]
    fn words_are_no_credentials(text in "(sk-ant-|sk-|ghp_|hf_|xoxb-|AKIA|AIza|Bearer |gsk_)?([a-z]{2,9}[-_ .]){1,20}") {
        prop_assert!(kinds(&text).is_empty(), "{}", text);
    }
}
