//! What a person may set about the search for splits: bounds in, the same for every agent of a scan.

use super::Level;
use crate::zone::Zone;

/// Bounds of the search. The weights of the evidence are no setting: the levels would mean something else for everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Splits that are less sure are no seams.
    pub min_level: Level,
    /// A gap this short is small whatever the chat's rhythm, in ms (E202).
    pub small_gap_ms: i64,
    /// No gap over this is called short, whatever pauses the chat shows, in ms (E203).
    pub short_gap_ms: i64,
    /// The gateway's time zone; without it, wall clocks in the transcripts tell.
    pub zone: Option<Zone>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { min_level: Level::Probable, small_gap_ms: 15 * 60_000, short_gap_ms: 24 * 3_600_000, zone: None }
    }
}
