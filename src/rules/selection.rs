//! Which rules are asked for: `--select` and `--ignore`, by code, family or name.

use super::{ALL, Fixable, Rule};
use crate::nearest::distance;

/// Rules that are wanted. Without a selection, all are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Codes, beginnings of codes (`CF3`) or names; when empty, every rule.
    pub select: Vec<String>,
    /// The same for rules that are not wanted after all.
    pub ignore: Vec<String>,
}

impl Selection {
    /// Whether a rule is wanted.
    pub fn takes(&self, rule: &Rule) -> bool {
        let among = |list: &[String]| list.iter().any(|wanted| fits(rule, wanted));
        (self.select.is_empty() || among(&self.select)) && !among(&self.ignore)
    }

    /// Whether a rule is selected by its own code or name, not merely by its family.
    pub fn spells_out(&self, rule: &Rule) -> bool {
        let own = |word: &str| word.eq_ignore_ascii_case(rule.code) || word.eq_ignore_ascii_case(rule.name);
        // A family of nothing but such rules can mean nothing else.
        let family = |word: &str| fits(rule, word) && ALL.iter().filter(|other| fits(other, word)).all(|other| other.on_request);
        self.select.iter().map(|word| word.trim()).any(|word| own(word) || family(word))
    }
}

/// Whether a word names a rule: its code, the beginning of its code, or its name, in either case.
fn fits(rule: &Rule, word: &str) -> bool {
    let word = word.trim();
    let begins = rule.code.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
    (word.len() > 2 && begins) || rule.name.eq_ignore_ascii_case(word)
}

/// Takes a word of `--select` or `--ignore`.
///
/// # Errors
/// When no rule is meant by it, with the nearest that is.
pub fn parse(word: &str) -> Result<String, String> {
    let word = word.trim();
    if ALL.iter().any(|rule| fits(rule, word)) {
        return Ok(word.to_owned());
    }
    let lower = word.to_lowercase();
    let near = |rule: &&&Rule| distance(&lower, &rule.code.to_lowercase()).min(distance(&lower, rule.name));
    let hint =
        ALL.iter().min_by_key(near).filter(|rule| near(rule) <= 3).map(|rule| format!("; did you mean {} ({})?", rule.code, rule.name));
    Err(format!(
        "no rule is called so{}; `clawfix explain` lists them, and a beginning such as CF3 means a family",
        hint.unwrap_or_default()
    ))
}

/// Whether `repair` may use the fix of a rule.
pub fn may_mend(rule: &Rule, selection: &Selection, unsafe_fixes: bool) -> bool {
    let allowed = match rule.fixable {
        Fixable::Safe => true,
        Fixable::Unsafe => unsafe_fixes,
        Fixable::None => false,
    };
    allowed && selection.takes(rule)
}
