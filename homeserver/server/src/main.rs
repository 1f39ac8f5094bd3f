//! The `holm` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    holm::command::main()
}
