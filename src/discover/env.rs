//! The places where OpenClaw keeps its state by default: the environment enters, folders leave.

use std::path::{Path, PathBuf};

/// What of the process environment matters; passed in, so that tests need not set it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// `OPENCLAW_STATE_DIR`.
    pub openclaw_state_dir: Option<PathBuf>,
    /// `CLAWDBOT_STATE_DIR`.
    pub clawdbot_state_dir: Option<PathBuf>,
    /// The home folder.
    pub home: Option<PathBuf>,
}

impl Environment {
    /// The environment of this process.
    #[must_use]
    pub fn from_process() -> Self {
        let var = |name: &str| std::env::var_os(name).filter(|value| !value.to_string_lossy().trim().is_empty()).map(PathBuf::from);
        Environment {
            openclaw_state_dir: var("OPENCLAW_STATE_DIR"),
            clawdbot_state_dir: var("CLAWDBOT_STATE_DIR"),
            home: std::env::home_dir().filter(|home| !home.as_os_str().is_empty()),
        }
    }

    /// The default places that exist, each once: the two variables (a leading `~` is the home), then
    /// `~/.openclaw`, `~/.clawdbot`, `~/.moltbot`.
    #[must_use]
    pub fn default_roots(&self) -> Vec<PathBuf> {
        let named = [&self.openclaw_state_dir, &self.clawdbot_state_dir];
        let named = named.into_iter().flatten().map(|path| self.expand(path));
        let homes = [".openclaw", ".clawdbot", ".moltbot"];
        let homes = self.home.iter().flat_map(|home| homes.map(|name| home.join(name)));
        let mut roots: Vec<PathBuf> = Vec::new();
        let mut canonical: Vec<PathBuf> = Vec::new();
        for path in named.chain(homes) {
            if let Ok(place) = std::fs::canonicalize(&path)
                && !canonical.contains(&place)
            {
                canonical.push(place);
                roots.push(path);
            }
        }
        roots
    }

    fn expand(&self, path: &Path) -> PathBuf {
        match (path.strip_prefix("~"), &self.home) {
            (Ok(rest), Some(home)) => home.join(rest),
            _ => path.to_path_buf(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn those_that_exist_each_once() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        std::fs::create_dir(at(".clawdbot")).unwrap();
        std::fs::create_dir(at(".openclaw")).unwrap();
        let env = Environment {
            openclaw_state_dir: Some(PathBuf::from("~/.clawdbot")),
            clawdbot_state_dir: Some(at("missing")),
            home: Some(home.path().to_path_buf()),
        };
        assert_eq!(env.default_roots(), [at(".clawdbot"), at(".openclaw")]);
        assert!(Environment::default().default_roots().is_empty());
        let _ = Environment::from_process();
    }
}
