//! Findings in, a small file of what is known out; and back: the file in, what it knows taken out of the findings.
//!
//! The file is JSON with one finding a line, sorted, so that a pull request shows what was accepted: rule, file below the
//! scanned root, time of the damage, and the fingerprint. Rule, fingerprint and file make a finding known again; where the file
//! has moved, the first two do. It holds no messages, as those name chats. Findings that are equal are counted. What could not be read is never known: it says nothing of what is there.

mod places;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::apply::write::{temp_beside, write_temp};
use crate::platform;
use crate::report::Withheld;
use crate::rules::{Finding, Wanted, find};
use crate::scan::Scan;
use crate::time::iso;
use places::Places;

/// What the file says that it is.
const FORMAT: &str = "clawfix-baseline";
/// Version of its form.
const VERSION: u32 = 1;
/// The longest file that is read, in bytes.
const MAX_BYTES: u64 = 64 * 1024 * 1024;
/// Rules whose findings are seams, which reports show among the conversations too.
const SEAM_RULES: [&str; 3] = ["CF101", "CF104", "CF105"];

/// Findings that are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    entries: Vec<Entry>,
}

/// Equal findings.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Entry {
    rule: String,
    file: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    fingerprint: String,
    #[serde(default = "one", skip_serializing_if = "is_one")]
    count: u64,
}

fn one() -> u64 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "what serde wants")]
fn is_one(count: &u64) -> bool {
    *count == 1
}

#[derive(Deserialize)]
struct Document {
    format: String,
    version: u32,
    findings: Vec<Entry>,
}

/// A baseline that cannot be read or written.
#[derive(Debug, Error)]
pub enum BaselineError {
    /// It is not there.
    #[error("there is no baseline {}; `clawfix scan --write-baseline {}` writes it", path.display(), path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// The system says no.
    #[error("cannot {verb} the baseline {}: {source}", path.display())]
    Io {
        /// `read` or `write`.
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another file, which is never taken for a baseline, nor overwritten.
    #[error("{} is no baseline ({reason}); name another file", path.display())]
    Other {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

impl Baseline {
    /// Makes a baseline of findings, but for those about what could not be read.
    #[must_use]
    pub fn of(findings: &[Finding], scan: &Scan) -> Baseline {
        let places = Places::of(scan);
        let mut counts: BTreeMap<Entry, u64> = BTreeMap::new();
        for finding in findings.iter().filter(|finding| !finding.is_unreadable()) {
            let entry = Entry {
                rule: finding.rule.code.to_owned(),
                file: places.name(&finding.path),
                at: finding.at_ms.map(iso).filter(|at| !at.is_empty()),
                fingerprint: finding.fingerprint.clone(),
                count: 1,
            };
            *counts.entry(entry).or_default() += 1;
        }
        Baseline { entries: counts.into_iter().map(|(entry, count)| Entry { count, ..entry }).collect() }
    }

    /// Findings that are in it.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.entries.iter().map(|entry| entry.count).sum()
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Reads a baseline.
    ///
    /// # Errors
    /// When it is not there, cannot be read, or is something else.
    pub fn read(path: &Path) -> Result<Baseline, BaselineError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => BaselineError::Missing { path: path.to_owned() },
            _ => BaselineError::Io { verb: "read", path: path.to_owned(), source },
        };
        let other = |reason: String| BaselineError::Other { path: path.to_owned(), reason };
        let (file, metadata) = platform::open_regular(path).map_err(failed)?;
        if metadata.len() > MAX_BYTES {
            return Err(other(format!("{} bytes are more than a baseline has", metadata.len())));
        }
        let mut bytes = Vec::new();
        file.take(MAX_BYTES).read_to_end(&mut bytes).map_err(failed)?;
        // What stands in some other file is nobody's business: the reason tells the place only.
        let at = |error: serde_json::Error| format!("line {}, column {}", error.line(), error.column());
        let document: Document = serde_json::from_slice(&bytes).map_err(|error| other(at(error)))?;
        if document.format != FORMAT {
            return Err(other("its format is another".to_owned()));
        }
        if document.version != VERSION {
            return Err(other(format!("version {}, and this program knows {VERSION}", document.version)));
        }
        Ok(Baseline { entries: document.findings })
    }

    /// The text of the file.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{{\n  \"format\": \"{FORMAT}\",\n  \"version\": {VERSION},\n  \"findings\": [");
        for (at, entry) in self.entries.iter().enumerate() {
            let json = serde_json::to_string(entry).unwrap_or_default();
            let _ = write!(text, "{}\n    {}", if at == 0 { "" } else { "," }, crate::report::safe::json(&json));
        }
        text.push_str(if self.entries.is_empty() { "]\n}\n" } else { "\n  ]\n}\n" });
        text
    }

    /// Whether a baseline may be written there: nothing is there, or a baseline is.
    ///
    /// # Errors
    /// As [`Baseline::read`], but for a file that is not there.
    pub fn may_replace(path: &Path) -> Result<(), BaselineError> {
        match Baseline::read(path) {
            Ok(_) | Err(BaselineError::Missing { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Writes the file as a whole or not at all. A link is followed.
    ///
    /// # Errors
    /// When something else is there, and what writing gives.
    pub fn write(&self, path: &Path) -> Result<(), BaselineError> {
        Self::may_replace(path)?;
        let written = (|| {
            let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
            let old = fs::metadata(&target).ok();
            let temp = temp_beside(&target, &format!("baseline-{}", std::process::id()));
            write_temp(&temp, self.text().as_bytes(), old.as_ref().and_then(platform::mode), old.as_ref())?;
            fs::rename(&temp, &target).inspect_err(|_| {
                let _ = fs::remove_file(&temp);
            })
        })();
        written.map_err(|source| BaselineError::Io { verb: "write", path: path.to_owned(), source })
    }

    /// Takes what it knows out of the findings. Entries of rules that did not run are neither found nor missing.
    ///
    /// An entry covers a finding of its own file; only that of a file which is gone from where it was (it may have moved)
    /// covers an equal one elsewhere.
    pub fn hide(&self, findings: &mut Vec<Finding>, scan: &Scan, wanted: &Wanted, covered: impl Fn(&Finding) -> bool) -> Withheld {
        let places = Places::of(scan);
        let mut left: BTreeMap<(&str, &str), BTreeMap<&str, u64>> = BTreeMap::new();
        let ran = |entry: &&Entry| find(&entry.rule).is_none_or(|rule| wanted.runs(rule));
        for entry in self.entries.iter().filter(ran) {
            let files = left.entry((&entry.rule, &entry.fingerprint)).or_default();
            let count = files.entry(&entry.file).or_default();
            *count = count.saturating_add(entry.count);
        }
        let mut known = vec![false; findings.len()];
        for moved in [false, true] {
            for (finding, known) in findings.iter().zip(&mut known).filter(|(finding, known)| !**known && !finding.is_unreadable()) {
                let Some(files) = left.get_mut(&(finding.rule.code, finding.fingerprint.as_str())) else { continue };
                let count = if moved {
                    files.iter_mut().find(|(file, count)| **count > 0 && places.is_gone(file)).map(|(_, count)| count)
                } else {
                    files.get_mut(places.name(&finding.path).as_str()).filter(|count| **count > 0)
                };
                if let Some(count) = count {
                    *count -= 1;
                    *known = true;
                }
            }
        }
        let mut withheld = Withheld { baseline: true, ..Withheld::default() };
        withheld.fixed = left.values().flat_map(BTreeMap::values).sum();
        let mut known = known.into_iter();
        findings.retain(|finding| {
            let hidden = known.next().unwrap_or(false);
            if hidden {
                withheld.baselined += u64::from(covered(finding));
                if SEAM_RULES.contains(&finding.rule.code) {
                    withheld.seams.insert(finding.path.clone());
                }
            }
            !hidden
        });
        withheld
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn scan() -> Scan {
        Scan { roots: Vec::new(), agents: Vec::new(), problems: Vec::new(), bytes: 0 }
    }

    fn finding(code: &str, identity: &str) -> Finding {
        Finding::new(find(code).unwrap(), Path::new("x/a.jsonl"), &[identity], "secret chat 7016642".to_owned(), "help".to_owned())
    }

    #[test]
    fn equal_findings_are_counted() {
        let known = [finding("CF203", "a"), finding("CF203", "a"), finding("CF201", "b"), finding("CF001", "c")];
        let baseline = Baseline::of(&known, &scan());
        assert_eq!(baseline.len(), 3, "what could not be read is not known");
        let hide = |mut now: Vec<Finding>| {
            let withheld = baseline.hide(&mut now, &scan(), &Wanted::default(), |_| true);
            (now.len(), withheld.baselined, withheld.fixed)
        };
        assert_eq!(hide(known.to_vec()), (1, 3, 0));
        assert_eq!(hide(vec![finding("CF203", "a"); 3]), (1, 2, 1), "the third is new, CF201 is gone");
        assert_eq!(hide(vec![finding("CF203", "a")]), (0, 1, 2));
        assert_eq!(hide(vec![finding("CF202", "a")]), (1, 0, 3), "another rule");
    }

    #[test]
    fn the_file_is_one_line_a_finding_and_reads_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("known.json");
        let baseline = Baseline::of(&[finding("CF203", "a"), finding("CF203", "a"), finding("CF101", "b")], &scan());
        baseline.write(&path).unwrap();
        assert_eq!(Baseline::read(&path).unwrap(), baseline);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 8, "{text}");
        assert!(!text.contains("7016642") && text.find("CF101") < text.find("CF203"), "{text}");
        Baseline::default().write(&path).unwrap();
        assert!(Baseline::read(&path).unwrap().is_empty());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn other_files_are_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("other");
        assert!(matches!(Baseline::read(&path), Err(BaselineError::Missing { .. })));
        for content in [
            "",
            "[]",
            "{}",
            "secret",
            r#"{"format":"x","version":1,"findings":[]}"#,
            r#"{"format":"clawfix-baseline","version":2,"findings":[]}"#,
        ] {
            fs::write(&path, content).unwrap();
            let error = Baseline::default().write(&path).unwrap_err();
            assert!(matches!(error, BaselineError::Other { .. }) && !error.to_string().contains("secret"), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
    }
}
