//! The declarations of all evidence: the one place where a code, its weight and its meaning stand.
//!
//! `explain`, the JSON, the tests and the judge derive from this table. To add an item, add it here and let
//! [`super::testimony`] (for and against) or [`super::innocent`] (explanations) give it.

/// Which question an item answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Question {
    /// Do the two sessions belong to one conversation?
    Belongs,
    /// Was it torn, rather than ended?
    Torn,
    /// An innocent explanation of the seam: weighs against its being torn.
    Innocent,
    /// A contradiction: the two cannot be one conversation, whatever else speaks for it.
    Veto,
}

/// Who could have written what an item rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Only the gateway: file names, header and entry times, the store, fields of a message.
    Gateway,
    /// Text that a chat partner could imitate. Such items alone never make a pair certain.
    Text,
}

/// A declared item of evidence.
#[derive(Debug, PartialEq)]
pub struct Item {
    /// Stable code, `E` and three digits.
    pub code: &'static str,
    /// Stable name in kebab case.
    pub name: &'static str,
    /// The question it answers.
    pub question: Question,
    /// Who could have written it.
    pub source: Source,
    /// Weight in log-odds; what it adds to, or takes from, the sum of its question.
    pub weight: f64,
    /// What it means, in a paragraph for people.
    pub doc: &'static str,
}

macro_rules! items {
    ($($ident:ident $code:literal $name:literal $question:ident $source:ident $weight:literal $doc:literal)*) => {
        $(#[doc = $doc] pub static $ident: Item = Item {
            code: $code, name: $name, question: Question::$question, source: Source::$source, weight: $weight, doc: $doc,
        };)*
        /// Every declared item, in the order of its code.
        pub static ALL: &[&Item] = &[$(&$ident),*];
    };
}

items! {
    SAME_KEY "E101" "same-key" Belongs Gateway 3.0
        "Both sessions ran under the same session key, as the store or a trajectory names it. The gateway writes both, so this ties the two to one lane of talk."
    LINEAGE "E102" "family-lineage" Belongs Gateway 4.0
        "The store lists both session ids in `usageFamilySessionIds`: the ids that one conversation went through. The best lineage there is, from about May 2026 on."
    SUCCESSION "E103" "store-succession" Belongs Gateway 1.5
        "The store binds the newer session to a key that can hold the older one's chat, and binds the older one to nothing. A key has one pointer, so a conversation that rolls over leaves its older half unreferenced."
    STORE_PEER "E104" "store-peer" Belongs Gateway 1.5
        "The store entry of the newer session names the chat that the older session was held in."
    SAME_CHAT "E105" "same-chat" Belongs Text 2.0
        "Turns of both sessions carry the same chat id, from an envelope or a conversation-info block."
    SAME_SENDER "E106" "same-sender" Belongs Gateway 1.0
        "The gateway recorded the same sender in both sessions. One person may sit in several chats, so this alone decides nothing."
    MESSAGE_IDS "E107" "message-ids-continue" Belongs Text 1.5
        "The newer session's first message id follows closely on the older one's last. Message ids grow within a chat."
    REPLY "E108" "reply-across" Belongs Text 3.0
        "A message in the newer session replies to a message of the older one. Message ids are unique within a chat."
    SAME_IMAGE "E109" "same-image" Belongs Text 1.0
        "The same image, by path, file name or content, is in both sessions."
    EXEC_TIE "E110" "exec-exit-across" Belongs Text 4.0
        "A background command started in the older session, and the notice of its exit shows in the newer one. The gateway delivers such notices to the store's current session, so the two were one lane at different moments."
    REPLAY "E111" "message-replayed" Belongs Text 4.0
        "The newer session begins with the message that the older one ended on unanswered. A reset that replays the message does this; a person's `/new` does not."
    ELAPSED "E112" "elapsed-mark" Belongs Text 1.5
        "The newer session's first user turn carries an elapsed mark (such as `+2m`) that points back at the older session's last activity. The first message of a chat has no such mark."
    ONLY_LANE "E113" "only-lane" Belongs Gateway 1.0
        "No other conversation of this agent fell silent near the newer session's start: there is nothing else it could continue."
    SAME_WORDS "E114" "same-words" Belongs Text 2.0
        "The newer session begins with the words that the older one ended on unanswered, minutes before. Nothing but the words says that it is the same message: a person may have sent it again."
    OPENED_BY_MACHINE "E201" "opened-by-machine" Torn Text 1.5
        "The newer session was opened by a heartbeat, an exec notice or another event, not by a person. On its own this proves little: the daily reset looks the same."
    SMALL_GAP "E202" "small-gap" Torn Gateway 1.5
        "The newer session began within minutes of the older one's last activity. On its own this proves little."
    SHORT_GAP "E203" "short-gap" Torn Gateway 1.0
        "The newer session began within the pauses that the older session itself shows."
    RUN_PENDING "E204" "exec-still-running" Torn Gateway 1.0
        "A background command that the older session started never reports its end there."
    CALL_OPEN "E205" "tool-call-open" Torn Gateway 1.5
        "The older session ends with a tool call that has no result: it was cut off at work."
    UNANSWERED "E206" "unanswered" Torn Gateway 1.0
        "The older session's last user turn was never answered."
    LEFT_IN_PLACE "E207" "left-in-place" Torn Gateway 1.5
        "The release that began the newer session archives a transcript when it resets a session, but the older one stands in its place, unarchived: nothing reset it, it was forgotten."
    RESET_IN_TURN "E208" "reset-within-turn" Torn Gateway 1.0
        "The older transcript was archived after the newer session's first message had arrived: the message itself set off the rollover, not a `/new` before it."
    HEARTBEAT_BEFORE "E209" "heartbeat-before" Torn Text 1.0
        "The older session's last turn is a heartbeat or exec wake-up while a person was talking minutes before. Heartbeats put the old clock back, after which an active chat looks stale."
    ERROR_BEFORE "E210" "error-before" Torn Gateway 1.0
        "The older session ends on an error: the gateway may have reset it on its own."
    UNEXPLAINED "E211" "unexplained" Torn Gateway 1.5
        "A conversation that is surely the same went on in a new session within minutes, and every innocent explanation has failed."
    REPLAY_TORN "E212" "reset-replayed" Torn Text 2.5
        "The message that set off the seam was delivered again, so the seam was not the sender's wish."
    EXEC_DISPLACED "E213" "exec-displaced" Torn Text 2.5
        "The exit of a command was reported into a session that never started it."
    DAILY "E401" "daily-reset" Innocent Gateway 6.0
        "The daily reset hour (04:00 local unless configured) lies between the older session's last user turn and the newer one's start. The zone is inferred from the wall clocks in the transcripts."
    IDLE "E402" "idle-reset" Innocent Gateway 4.0
        "The silence before the newer session is long enough for an idle policy, and the older session never outlived a silence as long."
    IDLE_OUTLIVED "E403" "idle-reset-doubtful" Innocent Gateway 3.0
        "The silence before the newer session is long enough for an idle policy, though no configuration names one and the older session outlived one as long, or a command that it started was still at work."
    RESET_ARCHIVE "E404" "reset-archive" Innocent Gateway 8.0
        "The older transcript was archived by a reset before the newer session's first message arrived, or within a minute of its start: somebody asked for a new session."
    ARCHIVED_BEFORE_EVENT "E405" "archived-before-event" Innocent Gateway 2.0
        "The older transcript was archived within a minute of the newer session's start, which a heartbeat or event opened."
    DELETED "E406" "deleted" Innocent Gateway 4.0
        "The older transcript was deleted before the newer session began, or within a minute of its start."
    ASKED_WITH_MESSAGE "E407" "asked-with-message" Innocent Gateway 2.0
        "The older transcript was archived by the newer session's first message itself. A `/new` that carries a message does that too; only work that was cut off would tell the two apart, and there is none."
    DAILY_SOMEWHERE "E408" "daily-reset-somewhere" Innocent Gateway 3.0
        "A daily reset is in force, but no wall clock in the transcripts tells the gateway's zone, so its hour may lie in the silence before the newer session, which an event opened."
    RECURRING_HOUR "E409" "recurring-hour" Innocent Gateway 6.0
        "Events opened new sessions of this agent at this time of day on other days, too: a daily reset in a zone that no wall clock tells."
    GREETING "E411" "explicit-reset" Innocent Gateway 12.0
        "The newer session opens with the greeting of `/new` or `/reset`: its owner asked for it."
    FORK "E412" "fork" Innocent Gateway 12.0
        "The newer session's header names the older transcript as its parent: a thread fork."
    ROTATION "E413" "rotation" Innocent Gateway 12.0
        "The newer session's first entries hang on entries of the older one: a compaction successor or a re-created file, which carries the context itself."
    FOREIGN_ROOT "E414" "foreign-root" Innocent Gateway 4.0
        "The newer session's first entry hangs on an entry that is in neither transcript: it was made from another one."
    OTHER_KEY "E501" "other-key" Veto Gateway 0.0
        "The store or the trajectories name different session keys for the two."
    OTHER_CHAT "E502" "other-chat" Veto Text 0.0
        "The two sessions were held in different chats, and no key is known that holds both."
    OTHER_THREAD "E503" "other-thread" Veto Text 0.0
        "The two sessions belong to different topics or threads of a chat."
    PARALLEL "E504" "parallel" Veto Gateway 0.0
        "The older session went on with its own user turns after a person had begun to talk in the newer one: two lanes side by side."
    MACHINE "E505" "machine-session" Veto Gateway 0.0
        "One of the two is a machine's session (cron, hook, subagent, isolated heartbeat)."
    SEVERAL_CHATS "E506" "several-chats" Veto Text 0.0
        "One of the two holds several group chats, and is never stitched as a whole."
    OTHER_PARENT "E507" "other-parent" Veto Gateway 0.0
        "The newer session's header names another transcript as its parent."
}

/// The item of a code or name.
pub fn find(code_or_name: &str) -> Option<&'static Item> {
    ALL.iter().copied().find(|item| item.code.eq_ignore_ascii_case(code_or_name) || item.name == code_or_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_are_unique_and_in_order() {
        assert!(ALL.is_sorted_by(|a, b| a.code < b.code), "in the order of their codes, none twice");
        for item in ALL {
            assert_eq!(find(item.name), Some(*item));
            assert_eq!(find(&item.code.to_lowercase()), Some(*item));
            assert!(item.doc.len() > 40 && item.doc.ends_with('.'), "{} is explained", item.code);
        }
    }

    #[test]
    fn the_code_tells_the_question() {
        for item in ALL {
            let digit = match item.question {
                Question::Belongs => "E1",
                Question::Torn => "E2",
                Question::Innocent => "E4",
                Question::Veto => "E5",
            };
            assert!(item.code.starts_with(digit), "{}", item.code);
        }
    }
}
