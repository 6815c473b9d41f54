//! The compiler and the target enter; `clawfix debug-report` tells of them.

#![allow(clippy::print_stdout, reason = "how a build script speaks")]

use std::env;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=RUSTC");
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output().ok().and_then(|output| String::from_utf8(output.stdout).ok());
    let version = version.as_deref().map(str::trim).filter(|text| !text.is_empty()).unwrap_or("unknown");
    println!("cargo:rustc-env=CLAWFIX_RUSTC={version}");
    println!("cargo:rustc-env=CLAWFIX_TARGET={}", env::var("TARGET").unwrap_or_default());
}
