//! Findings of the rules that report seams which are no damage.

use super::{Finding, Rule, file_name};
use crate::scan::Scan;
use crate::split::SeamKind;
use crate::time::{iso, span};

/// One finding for every seam of that kind.
pub(super) fn report(rule: &'static Rule, kind: SeamKind, verb: &str, scan: &Scan, findings: &mut Vec<Finding>) {
    for agent in &scan.agents {
        for seam in agent.conversations.iter().flat_map(|conversation| &conversation.seams).filter(|seam| seam.verdict.kind == kind) {
            let (Some(older), Some(newer)) = (agent.segments.get(seam.older), agent.segments.get(seam.newer)) else { continue };
            let from = file_name(&older.file.path);
            let message = format!("{verb} from {from} at {} (gap {})", iso(newer.start_ms), span(seam.gap_ms));
            let mut finding = Finding::new(rule, &newer.file.path, &[&older.id, &newer.id], message, "nothing needs mending".to_owned());
            finding.at_ms = Some(newer.start_ms);
            findings.push(finding);
        }
    }
}
