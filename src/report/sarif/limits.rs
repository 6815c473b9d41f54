//! Findings in, the runs of a SARIF file that GitHub takes whole out; what does not fit is counted.
//!
//! Source: the GitHub documentation, "SARIF results exceed limits" and "SARIF results file is too large".

use std::io::{self, Write};

use serde::Serialize;

/// What a file may hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Results in a run.
    pub results_per_run: usize,
    /// Runs in a file.
    pub runs: usize,
    /// Bytes of all results.
    pub bytes: usize,
}

/// What GitHub takes, and stays well below. Of 25,000 results in a run it keeps only 5,000. It takes 10 MB after gzip, which makes
/// such results about 15 times smaller; here 5 times is counted on, and room is left for what else is in the file.
pub(super) const GITHUB: Limits = Limits { results_per_run: 5_000, runs: 20, bytes: 40_000_000 };

/// Notifications of what could not be read; all of it is in the results, too.
pub(super) const NOTIFICATIONS: usize = 500;

impl Limits {
    /// How many of these fit, taken in their order.
    pub(super) fn fitting<T: Serialize>(&self, results: impl Iterator<Item = T>) -> usize {
        let mut room = self.bytes;
        let fits = |result: &T| match room.checked_sub(size(result)) {
            Some(left) => {
                room = left;
                true
            }
            None => false,
        };
        results.take(self.runs * self.results_per_run).take_while(fits).count()
    }
}

/// Length as JSON, without the JSON.
fn size(value: &impl Serialize) -> usize {
    struct Count(usize);
    impl Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(1);
    // What cannot be written would fail again, and be told, when the report is written.
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_left_out() {
        let limits = Limits { results_per_run: 5, runs: 4, bytes: 100 };
        assert_eq!(limits.fitting(std::iter::repeat_n("x", 10)), 10);
        assert_eq!(limits.fitting(std::iter::repeat_n("x", 1000)), 20, "four runs of five");
        assert_eq!(limits.fitting(std::iter::repeat_n("a longer one", 1000)), 6, "fifteen bytes each");
    }
}
