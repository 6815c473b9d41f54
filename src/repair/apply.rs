//! A repair plan in, mended files out, through the same locks, journal and undo as a merge.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::{Left, Mended, Plan, Step, lost};
use crate::apply::journal::{Journal, Print, Record, State};
use crate::apply::lock::LockError;
use crate::apply::store::StoreValue;
use crate::apply::{ApplyError, Content, Faults, Wanted, carry_out};

/// A mended transcript as new content.
struct Whole<'a>(&'a Mended);

impl Content for Whole<'_> {
    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(self.0.text.whole()))
    }

    fn expected(&self) -> Option<(u64, &str)> {
        Some((self.0.after.0, &self.0.after.1))
    }

    fn renames(&self) -> &[(String, String)] {
        &self.0.stands_for
    }
}

/// A file on the disk as the content of another.
struct Copy(PathBuf);

impl Content for Copy {
    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(crate::platform::open_regular(&self.0)?.0))
    }
}

/// Carries a plan out. A transcript that cannot be changed after all, since the gateway writes to it or has written to it
/// since, is moved from the plan's files to what is left, and does not keep the others back.
///
/// # Errors
/// What [`carry_out`] gives.
pub fn apply(plan: &mut Plan, now_ms: i64, faults: &Faults<'_>) -> Result<Record, ApplyError> {
    loop {
        let error = match attempt(plan, now_ms, faults) {
            Ok(record) => return Ok(record),
            Err(error) => error,
        };
        if !drop_blamed(plan, &error) || plan.is_empty() {
            return Err(error);
        }
    }
}

/// Moves what a run was refused for, before anything was changed, to what is left. Whether that is known.
fn drop_blamed(plan: &mut Plan, error: &ApplyError) -> bool {
    let path = match error {
        ApplyError::Lock(LockError::Held { path, .. }) => path.strip_suffix(".lock").unwrap_or(path),
        ApplyError::Changed { path } | ApplyError::Refused { path, .. } => path,
        _ => return false,
    };
    let is_it = |other: &Path| other.display().to_string() == *path;
    let before = plan.left.len();
    let (mut left, why) = (Vec::new(), error.to_string());
    plan.files.retain(|file| {
        let rule = file.fixed.first().map(|fixed| fixed.rule).filter(|_| is_it(&file.path));
        left.extend(rule.map(|rule| Left { rule, path: file.path.clone(), line: None, why: why.clone() }));
        rule.is_none()
    });
    let store = plan.sessions_dir.join("sessions.json");
    plan.steps.retain(|planned| {
        let path = match &planned.step {
            Step::Store(_) => &store,
            Step::Move(path) | Step::Touch(path) | Step::Restore { path, .. } => path,
        };
        let blamed = is_it(path);
        left.extend(blamed.then(|| Left { rule: planned.rule, path: path.clone(), line: None, why: why.clone() }));
        !blamed
    });
    plan.left.extend(left);
    plan.left.len() > before
}

fn attempt(plan: &Plan, now_ms: i64, faults: &Faults<'_>) -> Result<Record, ApplyError> {
    let cannot = |what: String| move |source| ApplyError::Io { what: format!("cannot {what}; nothing was changed"), source };
    let read = |path: &Path| Print::of(path).map_err(cannot(format!("read {}", path.display())));
    let lost_bytes = lost::Bytes::of(&plan.files);
    let lost_list = lost::list(&plan.files).map_err(cannot("read what goes to the lost-and-found".to_owned()))?;
    let contents: Vec<Whole<'_>> = plan.files.iter().map(Whole).collect();
    let mut moved: Vec<(&Path, Print)> = Vec::new();
    let mut restored: Vec<(&Path, Print, Copy)> = Vec::new();
    let mut values: Vec<StoreValue> = Vec::new();
    let mut touched: Vec<&Path> = Vec::new();
    for planned in &plan.steps {
        match &planned.step {
            Step::Store(value) => values.push(value.clone()),
            Step::Move(path) => moved.push((path, read(path)?)),
            Step::Touch(path) => touched.push(path),
            Step::Restore { path, from } => restored.push((path, read(path)?, Copy(from.clone()))),
        }
    }
    let store = plan.sessions_dir.join("sessions.json");
    let mut wanted: Vec<Wanted<'_>> = Vec::new();
    for (file, content) in plan.files.iter().zip(&contents) {
        wanted.push(Wanted::Replace { path: &file.path, before: &file.before, content });
    }
    wanted.extend(restored.iter().map(|(path, before, content)| Wanted::Replace { path, before, content }));
    if !values.is_empty() {
        wanted.push(Wanted::Store { path: &store, values: &values });
    }
    wanted.extend(touched.iter().map(|path| Wanted::Touch { path, at_ms: now_ms }));
    wanted.extend(moved.iter().map(|(path, before)| Wanted::Move { path, before }));
    if !lost_bytes.is_empty() {
        wanted.push(Wanted::Keepsake { name: Path::new(lost::LIST), content: &lost_list });
        wanted.push(Wanted::Keepsake { name: Path::new(lost::BYTES), content: &lost_bytes });
    }
    carry_out(&Journal::of(&plan.sessions_dir), record(plan, now_ms), &wanted, now_ms, faults)
}

fn record(plan: &Plan, now_ms: i64) -> Record {
    let name = |path: &Path| PathBuf::from(path.file_name().unwrap_or_default());
    let changed = plan.steps.iter().map(|planned| match &planned.step {
        Step::Store(_) => PathBuf::from("sessions.json"),
        Step::Move(path) | Step::Touch(path) | Step::Restore { path, .. } => name(path),
    });
    let first = plan.files.first().map(|file| name(&file.path));
    let places = plan.files.iter().map(|file| file.fixed.len()).sum::<usize>() + plan.steps.len();
    Record {
        version: 1,
        run: plan.run.clone(),
        command: "repair".to_owned(),
        at_ms: now_ms,
        state: State::Prepared,
        conversation: plan.agent.clone(),
        sessions: plan.files.iter().map(|file| file.session_id.clone()).collect(),
        target: first.or_else(|| changed.clone().next()).unwrap_or_default(),
        summary: format!("mended {places} places in {} transcripts", plan.files.len()),
        operations: Vec::new(),
    }
}
