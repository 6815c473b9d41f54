//! CF606: entries name their transcripts by a path of another place.

use std::collections::BTreeMap;
use std::path::Path;

use super::folder::{self, Folder, before_name, many};
use super::{Fixable, Rule, Severity, Work};
use crate::apply::store::StoreValue;
use crate::foreign;
use crate::repair::step::{Step, Trouble};
use crate::scan::{Agent, Scan};
use crate::store::StoreEntry;

pub(super) static RULE: Rule = Rule {
    code: "CF606",
    name: "foreign-path",
    severity: Severity::Warning,
    fixable: Fixable::Safe,
    on_request: false,
    summary: "Store entries name their transcripts by a path of another home, agent or system",
    doc: "\
## What it means
`sessionFile` is an absolute path into another folder (another home, another agent, a container, a Windows drive on a Unix system),
where no such file is, while a transcript of that very name lies in this folder beside the store. The state directory was moved,
restored or copied, and the paths inside it were not.

In a copy or backup the old paths are the true ones, since they are right again where it came from: there nothing is reported.
Whether a folder is live is told by `OPENCLAW_STATE_DIR` and the home of the user who runs clawfix.

## Why it hurts
The first releases take the path as it is: they begin an empty transcript at a place that nobody reads, or fail to create it, and the
chat has lost its history. Later releases look beside the store when the path leads out of it, but the tools around them do not.

## What the fix does
In the live state directory the path becomes that of the file in this folder. Only these values of `sessions.json` change.

## What it never does
It never changes a path that leads to a file that exists, never one whose file is not in this folder, and nothing in a copy.

## What to do
Run the command of the finding. If the old place still exists (a mounted disk, a second container that shares it), find out which of
the two the gateway uses before you change anything.
",
    work: Work::Folder(detect),
};

fn detect(scan: &Scan, agent: &Agent, troubles: &mut Vec<Trouble>) {
    let Some(store) = &agent.store else { return };
    // On a copy the old paths are the true ones: it is put to use by copying it back.
    if !agent.dir.live || !folder::is_whole(scan, agent) || folder::is_in_database(agent) {
        return;
    }
    let folder = Folder::of(agent);
    let own = own_folders(&agent.dir.dir);
    // One finding for each place that they lead to: in a moved folder all of them do.
    let mut places: BTreeMap<&str, Vec<(&StoreEntry, &str, &str)>> = BTreeMap::new();
    for entry in &store.entries {
        let Some(path) = entry.session_file.as_deref().filter(|path| foreign::is_absolute(path)) else { continue };
        let place = before_name(path);
        if own.iter().any(|own| foreign::same(own, place)) || folder::on_this_machine(path).is_some() {
            continue;
        }
        let Some(file) = folder.by_file(entry) else { continue };
        places.entry(place).or_default().push((entry, path, &file.name));
    }
    for (place, entries) in places {
        let keys = many(entries.len(), "key");
        let verb = if entries.len() == 1 { "leads" } else { "lead" };
        let message = format!("{keys} {verb} to {place}, where nothing is, and the transcripts lie beside the store");
        let mut trouble = Trouble::new(&store.path, place, message);
        if folder::is_editable(agent) {
            trouble.steps = entries.iter().map(|(entry, path, name)| step(agent, entry, path, name)).collect();
        } else {
            trouble.help = Some("the store is no plain JSON; mend that first (CF601)".to_owned());
        }
        troubles.push(trouble);
    }
}

fn step(agent: &Agent, entry: &StoreEntry, path: &str, name: &str) -> Step {
    let to = folder::absolute(agent, name);
    Step::Store(StoreValue { key: entry.key.raw.clone(), field: "sessionFile".to_owned(), from: path.to_owned(), to })
}

/// The paths by which this folder may be named.
fn own_folders(dir: &Path) -> Vec<String> {
    let ways = [std::path::absolute(dir).ok(), std::fs::canonicalize(dir).ok()];
    let text = |path: std::path::PathBuf| path.to_string_lossy().trim_start_matches(r"\\?\").to_owned();
    ways.into_iter().flatten().map(text).collect()
}
