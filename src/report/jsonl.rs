//! The report as JSON lines: the fields of the JSON report, one object a line, each with its `type`.
//!
//! `schema/scan-line.schema.json` says what they are. Nothing is held but the line at hand.

use std::io::{self, Write};

use serde::Serialize;

use super::json::{self, SCHEMA_VERSION};
use super::{Outcome, Report, Summary, safe};

/// The format `jsonl`.
#[derive(Debug)]
pub struct Jsonl;

/// What every line begins with.
#[derive(Serialize)]
struct Line<T> {
    #[serde(rename = "type")]
    kind: &'static str,
    schema_version: u32,
    #[serde(flatten)]
    fields: T,
}

#[derive(Serialize)]
struct Head {
    clawfix: &'static str,
    roots: Vec<String>,
    #[serde(flatten)]
    summary: Summary,
}

impl Report for Jsonl {
    fn write(&self, outcome: &Outcome<'_>, out: &mut dyn Write) -> io::Result<()> {
        let head = Head { clawfix: env!("CARGO_PKG_VERSION"), roots: json::roots(outcome), summary: outcome.summary() };
        line("summary", head, out)?;
        for agent in &outcome.scan.agents {
            for held in agent.conversations.iter().filter(|held| outcome.touches(agent, held)) {
                line("conversation", json::conversation(outcome, agent, held), out)?;
            }
        }
        for session in outcome.scan.agents.iter().flat_map(json::machine_sessions) {
            line("machine_session", session, out)?;
        }
        for finding in outcome.findings {
            line("finding", json::finding(finding), out)?;
        }
        Ok(())
    }
}

fn line(kind: &'static str, fields: impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let text = serde_json::to_string(&Line { kind, schema_version: SCHEMA_VERSION, fields })?;
    out.write_all(safe::json(&text).as_bytes())?;
    out.write_all(b"\n")
}
