//! CF601: the store does not parse.

use super::{Finding, Fixable, Rule, Severity, Work, file_name};
use crate::scan::Scan;
use crate::store::StoreHealth;

pub(super) static RULE: Rule = Rule {
    code: "CF601",
    name: "broken-store",
    severity: Severity::Error,
    fixable: Fixable::None,
    on_request: false,
    summary: "The session store is torn or is no object",
    doc: "\
## What it means
`sessions.json` does not parse, or holds something else than an object. Older releases wrote it in place, so a crash or a reader at
the wrong moment meets half a file.

## Why it hurts
OpenClaw takes such a store for empty: it mints a new session for every chat that writes next, and writes the store back without
the others. This is how most conversations are torn.

## What to do
Stop the gateway before the next message comes in. A `sessions.json.bak` or `.tmp` beside it may be whole: compare before you copy.
",
    work: Work::Scan(detect),
};

fn detect(scan: &Scan, findings: &mut Vec<Finding>) {
    for agent in &scan.agents {
        let Some(store) = &agent.store else { continue };
        let message = match &store.health {
            StoreHealth::Torn { offset, reason } => {
                format!("does not parse at byte {offset} ({reason}); {} entries could be read before that", store.entries.len())
            }
            StoreHealth::NotAnObject => "is JSON, but no object".to_owned(),
            _ => continue,
        };
        let help = match agent.dir.store_backups.first() {
            Some(backup) => format!("stop the gateway, then compare it with {}", file_name(backup)),
            None => "stop the gateway before the next message comes in, and keep a copy".to_owned(),
        };
        findings.push(Finding::new(&RULE, &store.path, &[&agent.dir.agent, &file_name(&store.path)], message, help));
    }
}
