//! Reports in, numbers out: how many findings of each severity a report of each format holds.

use serde_json::Value;

/// Findings of a report: errors, warnings, infos.
pub type Counts = [usize; 3];

const SEVERITIES: [&str; 3] = ["error", "warning", "info"];

fn counted<'a>(severities: impl Iterator<Item = &'a str>) -> Counts {
    let mut counts = [0; 3];
    for severity in severities {
        counts[SEVERITIES.iter().position(|known| *known == severity).unwrap_or_else(|| panic!("{severity}"))] += 1;
    }
    counts
}

pub fn json(text: &str) -> Counts {
    let report: Value = serde_json::from_str(text).unwrap();
    counted(report["findings"].as_array().unwrap().iter().map(|finding| finding["severity"].as_str().unwrap()))
}

/// The lines of a type.
pub fn lines(text: &str, kind: &str) -> Vec<Value> {
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["type"] == kind).collect()
}

pub fn jsonl(text: &str) -> Counts {
    counted(lines(text, "finding").iter().map(|finding| finding["severity"].as_str().unwrap()))
}

pub fn sarif(text: &str) -> Counts {
    let log: Value = serde_json::from_str(text).unwrap();
    let results = log["runs"].as_array().unwrap().iter().flat_map(|run| run["results"].as_array().unwrap());
    counted(results.map(|result| match result["level"].as_str().unwrap() {
        "note" => "info",
        level => level,
    }))
}

pub fn junit(text: &str) -> Counts {
    let document = roxmltree::Document::parse(text).unwrap();
    let texts = document.descendants().filter(|node| ["failure", "error", "system-out"].contains(&node.tag_name().name()));
    let lines =
        texts.flat_map(|node| node.text().unwrap().trim().lines()).filter(|line| !line.contains(" left out, known by the baseline"));
    counted(lines.map(|line| line.split_once(' ').unwrap().0))
}

/// By the table of rules.
pub fn markdown(text: &str) -> Counts {
    let mut counts = [0; 3];
    let Some((_, rest)) = text.split_once("### Findings by rule\n\n") else { return counts };
    for row in rest.lines().skip(2).take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        counts[SEVERITIES.iter().position(|known| *known == cells[1]).unwrap()] += cells[3].parse::<usize>().unwrap();
    }
    counts
}

/// Those that are shown, and how many are left out.
pub fn github(text: &str) -> (Counts, usize) {
    let mut lines: Vec<&str> = text.lines().collect();
    let last = lines.pop().unwrap().strip_prefix("::notice title=clawfix::").unwrap();
    let left_out = last
        .split_once("; ")
        .and_then(|(_, rest)| rest.split_once(" of the findings are not shown"))
        .map_or(0, |(n, _)| n.parse().unwrap());
    let counts = counted(lines.iter().map(|line| match line.strip_prefix("::").unwrap().split_once(' ').unwrap().0 {
        "notice" => "info",
        command => command,
    }));
    (counts, left_out)
}
