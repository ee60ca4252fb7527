//! `git retro completions`: scripts for shells.

use clap::CommandFactory;
use clap_complete::Shell;
use retro_bootstrap::{ExitCode, Failure};

use crate::cli::{Cli, CompletionsArgs};

/// Git's own completion for bash asks `_git_retro` to complete `git retro`: the words are those of
/// `git-retro` with one more in front.
const GIT_WRAPPER: &str = "
_git_retro() {
    local COMP_WORDS=(git-retro \"${words[@]:2}\") COMP_CWORD=$((cword - 1))
    _git__retro git-retro \"${words[cword]}\" \"${words[cword - 1]}\"
}
";

pub(crate) fn run(args: &CompletionsArgs) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "git-retro", &mut script);
    if args.shell == Shell::Bash {
        // The generator takes the hyphen of the name for a step to a subcommand, in half the places.
        let text = String::from_utf8_lossy(&script);
        script = text
            .replace("git__subcmd__retro", "git__retro")
            .into_bytes();
        script.extend_from_slice(GIT_WRAPPER.as_bytes());
    }
    retro_bootstrap::terminal::print(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::Fine)
}
