//! CF001: something could not be read.

use super::{Finding, Fixable, Rule, Severity, Work, file_name};
use crate::scan::{AsideReason, Scan};
use crate::store::StoreHealth;

pub(super) static RULE: Rule = Rule {
    code: "CF001",
    name: "unreadable",
    severity: Severity::Error,
    fixable: Fixable::None,
    on_request: false,
    summary: "A file or folder could not be read",
    doc: "\
## What it means
A file or folder that belongs to the scan could not be opened or read: no permission, a link that leads out of the roots or in
a circle, a pipe or device with a transcript's name, a store over the size bound, or an error of the disk.

## Why it hurts
Whatever stands in it is unknown. A report with such a finding never says that all is well, and the exit code is 2.

## What to do
Follow the reason in the message: run as the user that owns the files, name the target of a link as a root of its own, or copy
the folder from the failing disk first and scan the copy.
",
    work: Work::Scan(detect),
};

fn detect(scan: &Scan, findings: &mut Vec<Finding>) {
    for problem in &scan.problems {
        let message = format!("could not be read: {}", problem.reason);
        let help = "make it readable, or name another root; until then this report is incomplete".to_owned();
        // By its place under the root, so that it is the same after a move.
        let below = scan.roots.iter().find_map(|root| problem.path.strip_prefix(&root.path).ok());
        let place = below.filter(|below| !below.as_os_str().is_empty()).map(|below| below.to_string_lossy().replace('\\', "/"));
        let identity = place.unwrap_or_else(|| file_name(&problem.path));
        findings.push(Finding::new(&RULE, &problem.path, &[&identity], message, help));
    }
    for agent in &scan.agents {
        for aside in &agent.aside {
            if let AsideReason::Unreadable(reason) = &aside.why {
                let message = format!("could not be read: {reason}");
                let help = "make it readable for this user, then scan again".to_owned();
                findings.push(Finding::new(&RULE, &aside.file.path, &[&aside.file.file_name], message, help));
            }
        }
        let Some(store) = &agent.store else { continue };
        let reason = match &store.health {
            StoreHealth::Unreadable { reason } => reason.clone(),
            StoreHealth::TooMany { keys } => format!("{keys} keys are more than a store can have; only the first were read"),
            StoreHealth::TooLarge { len } => format!("{len} bytes are more than a store can have"),
            _ => continue,
        };
        let message = format!("the store could not be read: {reason}");
        let help = "without it, sessions are judged by their content alone".to_owned();
        findings.push(Finding::new(&RULE, &store.path, &[&agent.dir.agent, &file_name(&store.path)], message, help));
    }
}
