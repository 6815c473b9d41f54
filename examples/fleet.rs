//! Makes up the state directory of many agents, for measurements and for trying reports out: the same arguments give the
//! same bytes on every machine. Most sessions are a machine's, as in real directories; splits are torn the way the gateway
//! tears; damages are of several kinds.
//!
//! ```text
//! cargo run --release --example fleet -- FOLDER [AGENTS] [SESSIONS] [SPLITS] [DAMAGES] [SEED]
//! ```
#![allow(clippy::print_stderr, clippy::indexing_slicing, missing_docs, reason = "a program for people at a terminal")]

#[path = "../tests/common/fleet.rs"]
mod fleet;

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default: u64| arguments.get(at).map_or(Some(default), |text| text.parse().ok());
    let folder = arguments.first().map(PathBuf::from);
    let numbers = [number(1, 20), number(2, 2_000), number(3, 40), number(4, 200), number(5, 1)];
    let (Some(folder), [Some(agents), Some(sessions), Some(splits), Some(damages), Some(seed)]) = (folder, numbers) else {
        eprintln!("usage: fleet FOLDER [AGENTS] [SESSIONS] [SPLITS] [DAMAGES] [SEED]");
        return ExitCode::from(2);
    };
    match fleet::make(&folder, &fleet::Order { agents: agents.max(1), sessions, splits, damages, seed }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fleet: {}: {error}", folder.display());
            ExitCode::FAILURE
        }
    }
}
