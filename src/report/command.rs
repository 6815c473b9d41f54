//! The exact next command of a finding, as a person can paste it into a shell.

use std::path::Path;

use crate::rules::Fixable;
use crate::scan::{Agent, Scan, command_root};
use crate::split::Level;

/// The command that stitches a conversation.
pub fn merge(scan: &Scan, agent: &Agent, conversation: &str, level: Level) -> String {
    merge_in(command_root(scan, agent), conversation, level)
}

/// The same, for what lies under that root.
pub fn merge_in(root: &Path, conversation: &str, level: Level) -> String {
    let level = if level == Level::Possible { " --min-level possible" } else { "" };
    format!("clawfix merge {} {conversation}{level}", quoted(root))
}

/// The command that shows a conversation or session.
pub fn show(scan: &Scan, agent: &Agent, id: &str) -> String {
    format!("clawfix show {} {id}", quoted(command_root(scan, agent)))
}

/// The command that takes the last run in a folder back.
pub fn undo(dir: &Path) -> String {
    format!("clawfix undo {}", quoted(dir))
}

/// A path as a shell takes it. Control characters are made visible, so the line stays one line.
pub fn quoted(path: &Path) -> String {
    let text = super::safe::line(&path.to_string_lossy());
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | ':' | '\\' | '~' | '@' | '%' | ',' | '=');
    if !text.is_empty() && text.chars().all(plain) && !text.starts_with('-') {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The command that mends what a rule found in a file or folder, or that tells more where nothing does.
pub fn repair(scan: &Scan, agent: &Agent, path: &Path, rule: &str, fixable: Fixable) -> String {
    // A file is named by itself; the folder of an agent by the root that it was found under, when that is all there is.
    let place = if path == agent.dir.dir && scan.agents.len() == 1 { command_root(scan, agent) } else { path };
    match fixable {
        Fixable::Safe => format!("clawfix repair {} --select {rule}", quoted(place)),
        Fixable::Unsafe => format!("clawfix repair {} --select {rule} --unsafe-fixes", quoted(place)),
        Fixable::None => format!("clawfix explain {rule}"),
    }
}
