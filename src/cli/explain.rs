//! `clawfix explain`.

use std::io::{self, Write};

use anyhow::bail;
use clap::{Args, ValueEnum};
use clawfix::nearest::distance;
use clawfix::report::rules as pages;
use clawfix::rules;
use clawfix::split::evidence::{self, Item, Question, Source};

use super::{Verdict, output};

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Explain {
    /// A rule (CF101 or torn-conversation) or an item of evidence (E110); with none, the list of all
    #[arg(value_name = "CODE")]
    code: Option<String>,
    /// The pages of all rules, one after another
    #[arg(long, conflicts_with = "code")]
    all: bool,
    /// How to write them
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: PageFormat,
}

const EXAMPLES: &str = "\
Examples:
  clawfix explain        all rules and all evidence, a line each
  clawfix explain CF101  what a finding means, why it hurts, what to do
  clawfix explain torn-conversation
  clawfix explain E110   what an item of evidence rests on, and its weight";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PageFormat {
    /// To read on a terminal
    Text,
    /// Markdown, with a table of contents: what docs/rules.md holds
    Markdown,
}

impl Explain {
    pub fn run(self) -> anyhow::Result<Verdict> {
        if self.all {
            output::with(None, |out| match self.format {
                PageFormat::Text => pages::text(rules::ALL, out),
                PageFormat::Markdown => pages::book(rules::ALL, out),
            })?;
            return Ok(Verdict::Clean);
        }
        let Some(code) = &self.code else {
            output::with(None, |out| match self.format {
                PageFormat::Text => list(out),
                PageFormat::Markdown => pages::table(rules::ALL, "docs/rules.md", out),
            })?;
            return Ok(Verdict::Clean);
        };
        let code = code.trim();
        if let Some(rule) = rules::find(code) {
            output::with(None, |out| match self.format {
                PageFormat::Text => pages::text(&[rule], out),
                PageFormat::Markdown => pages::page(rule, out),
            })?;
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
    writeln!(out, "Rules (code, severity, what mends it, name, meaning)")?;
    for family in rules::FAMILIES {
        writeln!(out, "\n {} {}", family.code, family.title)?;
        for rule in rules::ALL.iter().filter(|rule| rule.code.starts_with(family.code)) {
            let mends = if rule.fixable == rules::Fixable::None { "-" } else { rule.fixable.name() };
            writeln!(out, "  {}  {:<8} {mends:<7} {:<22} {}", rule.code, rule.severity.name(), rule.name, rule.summary)?;
        }
    }
    writeln!(out, "\nEvidence on seams\n")?;
    for item in evidence::ALL {
        writeln!(out, "  {}  {:>5}  {:<22} {}", item.code, weight(item), item.name, question(item.question))?;
    }
    Ok(())
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
