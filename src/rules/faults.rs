//! Findings of the rules about single lines, from the faults that reading gave.

use super::{Finding, Rule};
use crate::line::FaultKind;
use crate::scan::Scan;
use crate::session::Session;

/// Findings shown of one rule and file; what is beyond is counted in the last of them.
const SHOWN: usize = 20;

/// One finding for every fault that `wanted` takes.
pub(super) fn report(rule: &'static Rule, wanted: fn(FaultKind) -> bool, scan: &Scan, findings: &mut Vec<Finding>) {
    for agent in &scan.agents {
        let segments = agent.segments.iter().map(|segment| (&segment.file, &segment.session));
        let aside = agent.aside.iter().filter(|aside| aside.why == crate::scan::AsideReason::Timeless);
        let sessions = segments.chain(aside.filter_map(|aside| Some((&aside.file, aside.session.as_ref()?))));
        for (file, session) in sessions {
            let faults: Vec<_> = session.faults.iter().filter(|fault| wanted(fault.kind)).collect();
            for (at, fault) in faults.iter().take(SHOWN).enumerate() {
                let mut message = fault.kind.reason();
                if at + 1 == SHOWN && faults.len() > SHOWN {
                    message = format!("{message}; and {}", more(session, faults.len() - SHOWN));
                }
                let help = format!("look at byte {} of the file; a copy of the file is the safe place to try a repair", fault.at);
                let place = fault.span.offset.to_string();
                let mut finding = Finding::new(rule, &file.path, &[&file.name.session_id, &place], message, help);
                finding.line = Some(fault.line);
                finding.span = Some(fault.span);
                findings.push(finding);
            }
        }
    }
}

fn more(session: &Session, rest: usize) -> String {
    let unlisted = session.fault_count - session.faults.len() as u64;
    if unlisted == 0 { format!("{rest} more such lines in this file") } else { format!("at least {rest} more such lines in this file") }
}
