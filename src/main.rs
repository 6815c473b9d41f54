//! The `clawfix` program: parse, run, exit code. Everything else is in the library.

#![allow(missing_docs, reason = "a program, not a library")]

use std::process::ExitCode;

use clap::Parser;
use clawfix::report::safe;

mod cli;

fn main() -> ExitCode {
    let arguments = match cli::Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Asking for help is no mistake; a closed pipe behind it neither.
            let code = u8::try_from(error.exit_code()).unwrap_or(2);
            // What was typed comes back in the message, and may have been pasted from anywhere.
            if std::env::args_os().any(|argument| safe::line(&argument.to_string_lossy()) != argument.to_string_lossy()) {
                cli::note(&safe::block(error.render().to_string().trim_end()));
            } else {
                let _ = error.print();
            }
            return ExitCode::from(code);
        }
    };
    cli::exit_code(cli::run(arguments))
}
