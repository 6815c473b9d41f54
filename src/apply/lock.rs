//! OpenClaw's own locks, taken the way the gateway takes them, so that it waits for us as for itself.
//!
//! A transcript's lock is `<transcript>.lock` with `{"pid", "createdAt"}`, stale after 30 minutes or when the process is
//! dead. The store's lock is `sessions.json.lock` with `{"pid", "startedAt"}`, stale after 30 seconds. Transcripts first.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::platform;
use crate::time::{iso, parse_iso_ms, span};

/// Which kind of file is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A transcript.
    Transcript,
    /// `sessions.json`.
    Store,
}

impl Kind {
    /// Age from which the gateway itself takes a lock for abandoned, in ms.
    fn stale_ms(self) -> i64 {
        match self {
            Kind::Transcript => 30 * 60_000,
            Kind::Store => 30_000,
        }
    }
}

/// Why a lock could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody holds it.
    #[error("{path} is held by process {pid} for {age}; wait until its run is over, or stop the gateway, then try again")]
    Held {
        /// The lock file.
        path: String,
        /// Who, as the lock says.
        pid: String,
        /// For how long.
        age: String,
    },
    /// The lock file could not be made.
    #[error("cannot create {path}; nothing was changed; make the folder writable, or stitch into another one with --out FILE")]
    Io {
        /// The lock file.
        path: String,
        /// Why.
        source: io::Error,
    },
}

/// A lock that is held; given back when dropped.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    body: String,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Somebody else may have taken it for abandoned meanwhile; then it is theirs.
        if std::fs::read(&self.path).is_ok_and(|body| body == self.body.as_bytes()) {
            // If it cannot be removed, it is stale as soon as this process is gone.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// The lock file of a file.
fn lock_path(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// Whether a live process holds the lock of a file.
pub fn is_held(file: &Path, kind: Kind, now_ms: i64) -> bool {
    let path = lock_path(file);
    std::fs::read(&path).is_ok_and(|body| holder(&path, &body, kind, now_ms).is_some())
}

/// Takes the lock of a file.
///
/// # Errors
/// When a live process holds it, or it cannot be made.
pub fn take(file: &Path, kind: Kind, now_ms: i64) -> Result<Lock, LockError> {
    let path = lock_path(file);
    let io = |source| LockError::Io { path: path.display().to_string(), source };
    for _ in 0..3 {
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut made) => {
                let pid = std::process::id();
                let body = match kind {
                    Kind::Transcript => serde_json::json!({"pid": pid, "createdAt": iso(now_ms)}),
                    Kind::Store => serde_json::json!({"pid": pid, "startedAt": now_ms}),
                };
                let body = body.to_string();
                let written = made.write_all(body.as_bytes()).and_then(|()| made.sync_all());
                if let Err(source) = written {
                    let _ = std::fs::remove_file(&path);
                    return Err(io(source));
                }
                return Ok(Lock { path, body });
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let body = match std::fs::read(&path) {
                    Ok(body) => body,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Err(source) => return Err(io(source)),
                };
                match holder(&path, &body, kind, now_ms) {
                    Some(error) => return Err(error),
                    None => take_over(&path, &body),
                }
            }
            Err(source) => return Err(io(source)),
        }
    }
    Err(io(io::Error::from(io::ErrorKind::WouldBlock)))
}

/// Takes the lock of a file as soon as it is free, within a time. For locks that are held for moments only.
///
/// # Errors
/// When a live process still holds it after that time, or it cannot be made.
pub fn wait(file: &Path, kind: Kind, patience: std::time::Duration) -> Result<Lock, LockError> {
    let begun = std::time::Instant::now();
    loop {
        match take(file, kind, chrono::Utc::now().timestamp_millis()) {
            Err(LockError::Held { .. }) if begun.elapsed() < patience => std::thread::sleep(std::time::Duration::from_millis(25)),
            answer => return answer,
        }
    }
}

/// Puts an abandoned lock away, under another name first, so that of two who see it only one takes it.
fn take_over(path: &Path, seen: &[u8]) {
    let aside = path.with_extension(format!("lock.{}.stale", std::process::id()));
    if std::fs::rename(path, &aside).is_ok() {
        if std::fs::read(&aside).is_ok_and(|body| body != seen) {
            // Somebody else was faster, and this is the live lock that they made since: back with it.
            let _ = std::fs::hard_link(&aside, path);
        }
        let _ = std::fs::remove_file(&aside);
    }
}

/// Removes the locks in a folder that a dead process left, and gives their number.
pub(crate) fn sweep(folder: &Path, pid: u32) -> usize {
    if !is_dead(pid) {
        return 0;
    }
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let locks = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|ext| ext == "lock"));
    locks.filter(|path| owner(path) == Some(pid) && std::fs::remove_file(path).is_ok()).count()
}

/// A lock that its process has left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeftBehind {
    /// The process that it names.
    pub pid: u32,
    /// How old it is, in ms.
    pub age_ms: i64,
}

/// Tells whether a lock file is left behind for certain: its process is provably gone, and it is so old that the gateway
/// respects it no longer, whatever host or container the process was in.
pub fn left_behind(path: &Path, kind: Kind, now_ms: i64) -> Option<LeftBehind> {
    /// Real ones have some dozen bytes.
    const MAX_BYTES: u64 = 64 << 10;
    let meta = std::fs::symlink_metadata(path).ok().filter(|meta| platform::is_regular(meta) && meta.len() <= MAX_BYTES)?;
    let bytes = std::fs::read(path).ok()?;
    let body: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
    let pid = owner(path).filter(|&pid| is_dead(pid))?;
    let written = written_ms(&body, kind).or_else(|| {
        let time = meta.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
        i64::try_from(time.as_millis()).ok()
    })?;
    let held_ms = body.get("maxHoldMs").and_then(serde_json::Value::as_i64).unwrap_or(0).max(kind.stale_ms());
    let age_ms = now_ms.saturating_sub(written);
    (age_ms > held_ms).then_some(LeftBehind { pid, age_ms })
}

/// When a lock was taken, as it says, UTC ms.
fn written_ms(body: &serde_json::Value, kind: Kind) -> Option<i64> {
    match kind {
        Kind::Transcript => body.get("createdAt").and_then(|at| parse_iso_ms(at.as_str()?)),
        Kind::Store => body.get("startedAt").and_then(serde_json::Value::as_i64),
    }
}

/// Whether there is provably no such process.
pub(crate) fn is_dead(pid: u32) -> bool {
    pid != std::process::id() && platform::is_process_dead(pid)
}

/// The process that a lock file names.
pub(crate) fn owner(path: &Path) -> Option<u32> {
    let body: serde_json::Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    body.get("pid").and_then(serde_json::Value::as_u64).and_then(|pid| u32::try_from(pid).ok())
}

/// Who holds the lock; none when it is abandoned or gone.
fn holder(path: &Path, body: &[u8], kind: Kind, now_ms: i64) -> Option<LockError> {
    let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let pid = body.get("pid").and_then(serde_json::Value::as_u64).and_then(|pid| u32::try_from(pid).ok());
    let written = written_ms(&body, kind);
    let modified = || {
        let time = std::fs::metadata(path).and_then(|meta| meta.modified()).ok()?;
        i64::try_from(time.duration_since(std::time::UNIX_EPOCH).ok()?.as_millis()).ok()
    };
    let age = now_ms.saturating_sub(written.or_else(modified)?);
    let dead = pid.is_some_and(platform::is_process_dead);
    if dead || age > kind.stale_ms() {
        return None;
    }
    let pid = pid.map_or_else(|| "unknown".to_owned(), |pid| pid.to_string());
    Some(LockError::Held { path: path.display().to_string(), pid, age: span(age.max(0)) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    const NOW: i64 = 1_800_000_000_000;

    #[test]
    fn a_live_lock_is_respected_and_a_dead_one_taken_over() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.jsonl");
        let lock_path = dir.path().join("a.jsonl.lock");
        let held = take(&file, Kind::Transcript, NOW).unwrap();
        let body: serde_json::Value = serde_json::from_slice(&std::fs::read(&lock_path).unwrap()).unwrap();
        assert_eq!(body["pid"], std::process::id());
        assert_eq!(body["createdAt"], iso(NOW));
        let refusal = take(&file, Kind::Transcript, NOW + 60_000).unwrap_err().to_string();
        assert!(refusal.contains("a.jsonl.lock") && refusal.contains("60 s"), "{refusal}");
        drop(held);
        assert!(!lock_path.exists());

        let old = serde_json::json!({"pid": std::process::id(), "createdAt": iso(NOW - 31 * 60_000)});
        std::fs::write(&lock_path, old.to_string()).unwrap();
        drop(take(&file, Kind::Transcript, NOW).unwrap());

        // No process has this number: it is beyond what systems give out.
        let dead = serde_json::json!({"pid": 2_000_000_000u32, "startedAt": NOW - 1_000});
        std::fs::write(dir.path().join("sessions.json.lock"), dead.to_string()).unwrap();
        assert_eq!(take(&dir.path().join("sessions.json"), Kind::Store, NOW).is_ok(), cfg!(unix));

        // A lock that says nothing is as old as its file.
        std::fs::write(&lock_path, b"").unwrap();
        let now = chrono::Utc::now().timestamp_millis();
        assert!(take(&file, Kind::Transcript, now).is_err());
        assert!(take(&file, Kind::Transcript, now + 31 * 60_000).is_ok());
    }

    #[test]
    fn only_an_old_lock_of_a_process_that_is_gone_is_left_behind() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.jsonl.lock");
        let left = |body: serde_json::Value, kind| {
            std::fs::write(&path, body.to_string()).unwrap();
            left_behind(&path, kind, NOW).map(|left| (left.pid, left.age_ms))
        };
        // No process has this number: it is beyond what systems give out. Where nothing can be proved, nothing is left behind.
        let gone = 2_000_000_000u32;
        let proved = |age| cfg!(unix).then_some((gone, age));
        let old = NOW - 31 * 60_000;
        assert_eq!(left(serde_json::json!({"pid": gone, "createdAt": iso(old)}), Kind::Transcript), proved(31 * 60_000));
        assert_eq!(left(serde_json::json!({"pid": gone, "createdAt": iso(old), "maxHoldMs": 3_600_000}), Kind::Transcript), None);
        assert_eq!(left(serde_json::json!({"pid": gone, "createdAt": iso(NOW - 60_000)}), Kind::Transcript), None);
        assert_eq!(left(serde_json::json!({"pid": std::process::id(), "createdAt": iso(old)}), Kind::Transcript), None);
        assert_eq!(left(serde_json::json!({"createdAt": iso(old)}), Kind::Transcript), None);
        assert_eq!(left(serde_json::json!({"pid": gone, "startedAt": NOW - 31_000}), Kind::Store), proved(31_000));
        assert_eq!(left(serde_json::json!({"pid": gone, "startedAt": NOW - 1_000}), Kind::Store), None);
        assert_eq!(left(serde_json::json!([1]), Kind::Store), None);
    }
}
