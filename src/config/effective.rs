//! A file and a command line in, the settings that hold out: the command line over the file over the defaults.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::keys::{KEYS, Values};
use super::{FailOn, File};
use crate::foreign::PathMap;
use crate::policy::Stated;
use crate::rules::Wanted;
use crate::rules::selection::Selection;
use crate::scan::Options;
use crate::signal::Prompts;
use crate::split::{Level, Settings};

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nobody said anything.
    Default,
    /// The file, at that line.
    File(usize),
    /// An option of the command line.
    CommandLine,
}

/// The settings that hold, and where they come from.
#[derive(Debug, Clone, Default)]
pub struct Effective {
    /// The file, if there is one.
    pub file: Option<PathBuf>,
    /// What was said. Ask the methods for what holds.
    pub values: Values,
    sources: BTreeMap<&'static str, Vec<Source>>,
}

impl Effective {
    /// Lays a command line over a file.
    #[must_use]
    pub fn new(file: Option<File>, line: Values) -> Self {
        let File { path, values: said, lines } = file.clone().unwrap_or_default();
        let mut sources: BTreeMap<&'static str, Vec<Source>> = BTreeMap::new();
        for key in KEYS {
            let from_line = (key.show)(&line).is_some();
            // These two add up; of all others the command line's alone counts.
            let adds = matches!(key.name, "ignore" | "map");
            let put_aside = line.select.is_some() && key.name == "ignore";
            if let Some(at) = lines.get(key.name).filter(|_| (!from_line || adds) && !put_aside) {
                sources.entry(key.name).or_default().push(Source::File(*at));
            }
            if from_line {
                sources.entry(key.name).or_default().push(Source::CommandLine);
            }
        }
        let mut values = said;
        if line.select.is_some() {
            // What is asked for on the command line runs, whatever the file turned off.
            values.ignore = None;
            values.severity = values.severity.map(|map| map.into_iter().filter(|(_, severity)| severity.is_some()).collect());
        }
        values.ignore = match (line.ignore, values.ignore) {
            (Some(own), Some(file)) => Some(file.into_iter().chain(own).collect()),
            (own, file) => own.or(file),
        };
        values.map = match (line.map, values.map) {
            (Some(mut own), Some(file)) => {
                let new: Vec<_> = file.into_iter().filter(|(from, _)| !own.iter().any(|(known, _)| known == from)).collect();
                own.extend(new);
                Some(own)
            }
            (own, file) => own.or(file),
        };
        values.select = line.select.or(values.select);
        values.min_level = line.min_level.or(values.min_level);
        values.fail_on = line.fail_on.or(values.fail_on);
        values.baseline = line.baseline.or(values.baseline);
        Effective { file: file.map(|_| path), values, sources }
    }

    /// Where the value of a key comes from.
    #[must_use]
    pub fn sources(&self, key: &str) -> Vec<Source> {
        self.sources.get(key).cloned().unwrap_or_else(|| vec![Source::Default])
    }

    /// The least level of a split.
    #[must_use]
    pub fn min_level(&self) -> Level {
        self.values.min_level.unwrap_or(Settings::default().min_level)
    }

    /// The least severity that makes the exit code 1.
    #[must_use]
    pub fn fail_on(&self) -> FailOn {
        self.values.fail_on.unwrap_or(FailOn::Warning)
    }

    /// The rules that run, and their severities.
    #[must_use]
    pub fn wanted(&self, all: bool) -> Wanted {
        let selection =
            Selection { select: self.values.select.clone().unwrap_or_default(), ignore: self.values.ignore.clone().unwrap_or_default() };
        Wanted { all, selection, severity: self.values.severity.clone().unwrap_or_default() }
    }

    /// The rules that `repair` may use: a rule that is off is as one that is ignored.
    #[must_use]
    pub fn selection(&self) -> Selection {
        let Wanted { mut selection, severity, .. } = self.wanted(false);
        let off = severity.into_iter().filter(|(_, severity)| severity.is_none());
        selection.ignore.extend(off.map(|(code, _)| code.to_owned()));
        selection
    }

    /// The path maps.
    #[must_use]
    pub fn map(&self) -> Vec<(String, PathBuf)> {
        self.values.map.clone().unwrap_or_default()
    }

    /// All that a scan is told, but for its paths and its environment.
    #[must_use]
    pub fn options(&self) -> Options {
        let values = &self.values;
        let usual = Settings::default();
        Options {
            map: PathMap::new(self.map()),
            split: Settings {
                min_level: self.min_level(),
                small_gap_ms: values.small_gap_ms.unwrap_or(usual.small_gap_ms),
                short_gap_ms: values.short_gap_ms.unwrap_or(usual.short_gap_ms),
                zone: values.zone,
            },
            policy: Stated { mode: values.mode, hour: values.hour, idle_minutes: values.idle_minutes },
            prompts: Prompts::new(values.heartbeat_prompts.clone().unwrap_or_default()),
            media_roots: values.media_roots.clone().unwrap_or_default(),
            ..Options::default()
        }
    }

    /// The values that hold where nobody says anything, where there are such.
    #[must_use]
    pub fn defaults() -> Values {
        let usual = Settings::default();
        Values {
            min_level: Some(usual.min_level),
            fail_on: Some(FailOn::Warning),
            small_gap_ms: Some(usual.small_gap_ms),
            short_gap_ms: Some(usual.short_gap_ms),
            ..Values::default()
        }
    }
}
