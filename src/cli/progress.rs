//! The progress bar on standard error: bytes and rate, after 250 ms, on a terminal only.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use clawfix::scan::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A scan shorter than this shows no bar.
const PATIENCE: Duration = Duration::from_millis(250);

/// The bar.
#[derive(Debug)]
pub struct Bar {
    bar: ProgressBar,
    quiet: bool,
    begun: Instant,
    shown: OnceLock<()>,
}

impl Bar {
    /// A bar that is not shown yet.
    pub fn new(quiet: bool) -> Self {
        Self {
            bar: ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()),
            quiet,
            begun: Instant::now(),
            shown: OnceLock::new(),
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Bar {
    fn total(&self, bytes: u64) {
        self.bar.set_length(bytes);
        if let Ok(style) = ProgressStyle::with_template("reading {bar:30} {bytes}/{total_bytes}, {bytes_per_sec}") {
            self.bar.set_style(style);
        }
    }

    fn read(&self, bytes: u64) {
        self.bar.inc(bytes);
        // indicatif draws on a terminal only.
        if !self.quiet && self.begun.elapsed() > PATIENCE {
            self.shown.get_or_init(|| self.bar.set_draw_target(ProgressDrawTarget::stderr()));
        }
    }
}
