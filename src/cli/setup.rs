//! `clawfix completions` and `clawfix man`: the definition of the command line in, what shells and `man` read of it out.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Arguments, Verdict, output};

/// The name that is completed.
const NAME: &str = "clawfix";

#[derive(Debug, Args)]
#[command(after_help = COMPLETIONS)]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

const COMPLETIONS: &str = "\
Examples:
  clawfix completions bash

To install them:
  bash        clawfix completions bash > \\
                ~/.local/share/bash-completion/completions/clawfix
  zsh         clawfix completions zsh > \"${fpath[1]}/_clawfix\"
  fish        clawfix completions fish > \\
                ~/.config/fish/completions/clawfix.fish
  PowerShell  clawfix completions powershell >> $PROFILE
  elvish      clawfix completions elvish >> ~/.config/elvish/rc.elv";

impl Completions {
    pub fn run(self) -> anyhow::Result<Verdict> {
        // To memory first: the generator panics where a write fails, and a reader may hang up.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Arguments::command(), NAME, &mut script);
        output::with(None, |out| out.write_all(&script))?;
        Ok(Verdict::Clean)
    }
}

#[derive(Debug, Args)]
#[command(after_help = MAN)]
pub struct Man {
    /// A folder for the pages of all commands; made if it is not there
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
}

const MAN: &str = "\
Examples:
  clawfix man | man -l -                  read it now
  clawfix man ~/.local/share/man/man1     install: man clawfix, man clawfix-scan";

impl Man {
    pub fn run(self) -> anyhow::Result<Verdict> {
        let command = Arguments::command();
        match &self.dir {
            Some(dir) => {
                let written = std::fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(command, dir));
                written.with_context(|| format!("cannot write the pages to {}", dir.display()))?;
            }
            None => {
                let mut page = Vec::new();
                clap_mangen::Man::new(command).render(&mut page)?;
                output::with(None, |out| out.write_all(&page))?;
            }
        }
        Ok(Verdict::Clean)
    }
}
