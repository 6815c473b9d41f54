//! In: a text from which everything in front that the gateway adds is already cut off.
//! Out: the kind of machine turn that its first words name, if any.

/// What kind of turn a user-role text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TurnKind {
    /// A person wrote it.
    #[default]
    Human,
    /// The periodic heartbeat.
    Heartbeat,
    /// The wake-up after a background run ended.
    ExecWake,
    /// A scheduled job.
    Cron,
    /// The greeting that a reset asks for.
    ResetGreeting,
    /// The order to a subagent.
    Subagent,
    /// The order to save memories before a compaction.
    MemoryFlush,
    /// The check after a start of the gateway.
    Boot,
    /// A reminder that came due.
    Reminder,
    /// The order to go on after a failed attempt.
    Resume,
    /// Anything else that the runtime tells itself.
    Internal,
    /// Nothing but system lines.
    SystemOnly,
}

impl TurnKind {
    /// Whether a person wrote the turn.
    pub fn is_human(self) -> bool {
        self == TurnKind::Human
    }

    /// A stable name in kebab case.
    pub fn name(self) -> &'static str {
        match self {
            TurnKind::Human => "human",
            TurnKind::Heartbeat => "heartbeat",
            TurnKind::ExecWake => "exec-wake",
            TurnKind::Cron => "cron",
            TurnKind::ResetGreeting => "reset-greeting",
            TurnKind::Subagent => "subagent",
            TurnKind::MemoryFlush => "memory-flush",
            TurnKind::Boot => "boot",
            TurnKind::Reminder => "reminder",
            TurnKind::Resume => "resume",
            TurnKind::Internal => "internal",
            TurnKind::SystemOnly => "system-only",
        }
    }

    /// Whether the gateway may put a bare time stamp in front of this kind (it stamps what agents and clients order).
    pub(super) fn may_be_stamped(self) -> bool {
        matches!(self, TurnKind::ExecWake | TurnKind::ResetGreeting | TurnKind::Subagent | TurnKind::Internal)
    }

    /// Whether the channel's message id may follow this kind (a person's message set it off).
    pub(super) fn may_carry_message_id(self) -> bool {
        matches!(self, TurnKind::ResetGreeting | TurnKind::Cron | TurnKind::Resume | TurnKind::Internal)
    }
}

/// Begins the prompt that carries the result of an approved command.
pub(super) const APPROVED_RUN: &str = "An async command the user already approved has completed.";
/// Begins several messages that waited for the agent.
pub(super) const QUEUED: &str = "[Queued messages while agent was busy]";
/// Begins a turn that is sent again to another model.
pub(super) const RETRY: &str = "[Retry after the previous model attempt failed or timed out]";
/// Begins a turn that follows one the user broke off.
pub(super) const ABORTED: &str = "Note: The previous agent run was aborted by the user.";

/// First words, and the kind they name. Register a new prompt here.
const OPENINGS: &[(&str, TurnKind)] = &[
    ("Read HEARTBEAT.md if it exists", TurnKind::Heartbeat),
    ("[OpenClaw heartbeat poll]", TurnKind::Heartbeat),
    ("Run the following periodic tasks (only those due based on their intervals):", TurnKind::Heartbeat),
    ("An async command you ran earlier has completed.", TurnKind::ExecWake),
    ("An async command completion event was triggered", TurnKind::ExecWake),
    ("An async command did not run.", TurnKind::ExecWake),
    (APPROVED_RUN, TurnKind::ExecWake),
    ("A new session was started via /new or /reset.", TurnKind::ResetGreeting),
    ("[Startup context loaded by runtime]", TurnKind::ResetGreeting),
    ("[Subagent Context]", TurnKind::Subagent),
    ("[Subagent Task]", TurnKind::Subagent),
    ("Pre-compaction memory flush.", TurnKind::MemoryFlush),
    ("You are running a boot check. Follow BOOT.md", TurnKind::Boot),
    ("A scheduled reminder has been triggered.", TurnKind::Reminder),
    ("A scheduled cron event was triggered", TurnKind::Reminder),
    ("Continue where you left off. The previous model attempt failed or timed out", TurnKind::Resume),
    ("OpenClaw runtime context (internal):", TurnKind::Internal),
    ("Continue the OpenClaw runtime event.", TurnKind::Internal),
    ("[Internal task completion event]", TurnKind::Internal),
    ("[Inter-session message]", TurnKind::Internal),
    ("[Queued announce messages while agent was busy]", TurnKind::Internal),
    ("[System Message]", TurnKind::Internal),
    ("Agent-to-agent announce step.", TurnKind::Internal),
];

/// The kind that the first words of `body` name.
pub(super) fn classify(body: &str) -> Option<TurnKind> {
    if let Some(rest) = body.strip_prefix("[cron:") {
        return super::text::first_line(rest).contains(']').then_some(TurnKind::Cron);
    }
    OPENINGS.iter().find(|(words, _)| body.starts_with(words)).map(|(_, kind)| *kind)
}

/// Longest text around the token that still counts as an acknowledgement (the gateway's own measure).
const ACK_MAX_CHARS: usize = 300;

/// Whether an assistant's text acknowledges a heartbeat: `HEARTBEAT_OK`, bare, in markup, or with a short remark.
pub fn acknowledges_heartbeat(text: &str) -> bool {
    const TOKEN: &str = "HEARTBEAT_OK";
    let markup = |c: char| c.is_whitespace() || matches!(c, '*' | '_' | '`' | '~' | '"' | '\'' | '.' | '!' | '#' | '>');
    let mut text = text.trim_matches(markup);
    // Tags and reply marks in front, tags at the end.
    for _ in 0..8 {
        let inner = match text.as_bytes().first() {
            Some(b'<') => text.split_once('>').filter(|(tag, _)| tag.len() <= 32).map(|(_, rest)| rest),
            Some(b'[') => text.strip_prefix("[[").and_then(|t| t.split_once("]]")).map(|(_, rest)| rest),
            _ => None,
        };
        let Some(inner) = inner else { break };
        text = inner.trim_start_matches(markup);
    }
    let mut end = text;
    for _ in 0..8 {
        let Some((front, tag)) = end.strip_suffix('>').and_then(|t| t.rsplit_once('<')) else { break };
        if tag.len() > 32 {
            break;
        }
        end = front.trim_end_matches(markup);
    }
    let short = |rest: &str| rest.len() <= ACK_MAX_CHARS * 4 && rest.chars().count() <= ACK_MAX_CHARS;
    let ends_word = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let trimmed = end.trim_end_matches(markup);
    if let Some(rest) = trimmed.strip_prefix(TOKEN) {
        return ends_word(rest.chars().next()) && short(rest);
    }
    trimmed.strip_suffix(TOKEN).is_some_and(|rest| ends_word(rest.chars().next_back()) && short(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openings() {
        let table = [
            ("Read HEARTBEAT.md if it exists (workspace context). Follow it", Some(TurnKind::Heartbeat)),
            ("[OpenClaw heartbeat poll]", Some(TurnKind::Heartbeat)),
            ("An async command you ran earlier has completed. The result", Some(TurnKind::ExecWake)),
            ("[cron:5f daily news] tell me", Some(TurnKind::Cron)),
            ("[cron:5f", None),
            ("[Subagent Context] You are", Some(TurnKind::Subagent)),
            ("Continue where you left off.", None),
            ("I said: Read HEARTBEAT.md if it exists", None),
            ("", None),
        ];
        for (body, kind) in table {
            assert_eq!(classify(body), kind, "{body}");
        }
    }

    #[test]
    fn acknowledgements() {
        let long = "x".repeat(400);
        let table = [
            ("HEARTBEAT_OK", true),
            ("  HEARTBEAT_OK\n", true),
            ("**HEARTBEAT_OK**", true),
            ("<b>HEARTBEAT_OK</b>", true),
            ("<final>HEARTBEAT_OK</final>", true),
            ("[[reply_to_current]] HEARTBEAT_OK", true),
            ("HEARTBEAT_OK.", true),
            ("HEARTBEAT_OK - nothing to report", true),
            ("All quiet.\n\nHEARTBEAT_OK", true),
            ("HEARTBEAT_OKAY", false),
            ("MY_HEARTBEAT_OK", false),
            ("I answer HEARTBEAT_OK when nothing is due", false),
            ("", false),
            ("<<<<", false),
            (&format!("{long} HEARTBEAT_OK"), false),
        ];
        for (text, expected) in table {
            assert_eq!(acknowledges_heartbeat(text), expected, "{text}");
        }
    }
}
