//! Conversations that could not be planned or done, beside others that could.

use anyhow::Error;
use clawfix::report::safe;

use super::{Verdict, output};

/// What was refused, with the reasons.
#[derive(Debug, Default)]
pub struct Refused(Vec<(String, Error)>);

impl Refused {
    /// Notes a conversation and why.
    pub fn add(&mut self, conversation: &str, error: Error) {
        self.0.push((conversation.to_owned(), error));
    }

    /// The verdict of the whole command.
    ///
    /// # Errors
    /// The one reason, when there is only one; of several, all but the last are said on standard error first.
    pub fn verdict(mut self) -> anyhow::Result<Verdict> {
        let Some((conversation, error)) = self.0.pop() else { return Ok(Verdict::Clean) };
        for (conversation, error) in self.0 {
            output::note(&format!("clawfix: {}: {}", safe::line(&conversation), safe::block(&format!("{error:#}"))));
        }
        Err(error.context(conversation))
    }
}
