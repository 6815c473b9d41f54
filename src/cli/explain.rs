//! `clawfix explain`.

use std::io::{self, Write};

use anyhow::bail;
use clap::Args;
use clawfix::nearest::distance;
use clawfix::rules::{self, Rule};
use clawfix::split::evidence::{self, Item, Question, Source};

use super::{Verdict, output};

#[derive(Debug, Args)]
pub struct Explain {
    /// A rule (CF101 or torn-conversation) or an item of evidence (E110); with none, the list of all
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

impl Explain {
    pub fn run(self) -> anyhow::Result<Verdict> {
        let Some(code) = &self.code else {
            output::with(None, list)?;
            return Ok(Verdict::Clean);
        };
        let code = code.trim();
        if let Some(rule) = rules::find(code) {
            output::with(None, |out| write_rule(rule, out))?;
        } else if let Some(item) = evidence::find(code) {
            output::with(None, |out| write_item(item, out))?;
        } else {
            let near = nearest(code).map(|name| format!("; did you mean {name}?")).unwrap_or_else(|| ".".to_owned());
            bail!("no rule or item of evidence is called {code}{near} `clawfix explain` lists them all");
        }
        Ok(Verdict::Clean)
    }
}

fn list(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Rules\n")?;
    for rule in rules::ALL {
        writeln!(out, "  {}  {:<8} {:<22} {}", rule.code, rule.severity.name(), rule.name, rule.summary)?;
    }
    writeln!(out, "\nEvidence on seams\n")?;
    for item in evidence::ALL {
        writeln!(out, "  {}  {:>5}  {:<22} {}", item.code, weight(item), item.name, question(item.question))?;
    }
    Ok(())
}

fn write_rule(rule: &Rule, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# {} {}\n\n{}. Severity: {}.\n\n{}", rule.code, rule.name, rule.summary, rule.severity.name(), rule.doc.trim_end())
}

fn write_item(item: &Item, out: &mut dyn Write) -> io::Result<()> {
    let source = match item.source {
        Source::Gateway => "what only the gateway writes",
        Source::Text => "text that a chat partner could imitate, so it never makes a pair certain alone",
    };
    writeln!(out, "# {} {}\n\n{}\n", item.code, item.name, item.doc)?;
    writeln!(out, "It answers: {} Weight: {}. It rests on {source}.", question(item.question), weight(item))
}

fn question(question: Question) -> &'static str {
    match question {
        Question::Belongs => "do the two sessions belong to one conversation?",
        Question::Torn => "was it torn, rather than ended?",
        Question::Innocent => "is there an innocent explanation?",
        Question::Veto => "can the two not be one conversation?",
    }
}

fn weight(item: &Item) -> String {
    match item.question {
        Question::Belongs | Question::Torn => format!("+{:.1}", item.weight),
        Question::Innocent => format!("-{:.1}", item.weight),
        Question::Veto => "veto".to_owned(),
    }
}

/// The known code or name that differs least, when it differs little.
fn nearest(asked: &str) -> Option<&'static str> {
    let asked = asked.to_lowercase();
    let rules = rules::ALL.iter().flat_map(|rule| [rule.code, rule.name]);
    let items = evidence::ALL.iter().flat_map(|item| [item.code, item.name]);
    let (distance, name) =
        rules.chain(items).map(|name| (distance(&asked, &name.to_lowercase()), name)).min_by_key(|(distance, _)| *distance)?;
    (distance <= 2.max(name.len() / 3)).then_some(name)
}
