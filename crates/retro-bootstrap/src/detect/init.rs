//! The file that `git retro init` writes.

use std::time::Duration;

use retro_domain::{CommandLine, ResultLocation, Suite};

use super::Detection;

/// The commented `retro.toml` for what was found.
///
/// It loads back to the first detection's suite and toolchain, time limits included; further
/// detections stand below it as comments, ready to be turned on, because running them all is
/// rarely what is wanted: a Makefile often only calls the first one. Without any detection it holds
/// an example, commented out.
pub fn render_init(detections: &[Detection]) -> String {
    let mut text = HEAD.to_owned();
    match detections.split_first() {
        None => {
            text.push_str(
                "\n# No known way of testing was found here. Say how, and remove the \"# \":\n#\n",
            );
            text.push_str(&commented(NOTHING_FOUND));
        }
        Some((first, rest)) => {
            text.push_str(&format!("\n# Found: {}.\n", one_line(&first.because)));
            text.push_str(&suite_table(first, true));
            for other in rest {
                text.push_str(&format!(
                    "\n# Also found: {}. Remove the \"# \" to run it too.\n#\n",
                    one_line(&other.because)
                ));
                text.push_str(&commented(&suite_table(other, false)));
            }
        }
    }
    text.push_str(TAIL);
    text
}

const HEAD: &str = r#"# What `git retro run` does in this repository. docs/configuration.md of git-retro describes every
# key, and `git retro config show --origin` prints what is in force and why.

# jobs = "auto"          # how many commits run at once
# order = "newest"       # or "oldest", or "spread": both ends and the middle first
# fail-on = "new"        # exit code 1 for: "new", "any", "flaky", "none"
"#;

const NOTHING_FOUND: &str = r#"[[suites]]
name = "tests"
run = ["./run-tests"]
results = [{ format = "junit", path = "build/results/*.xml" }]
"#;

const TAIL: &str = r#"
# Another command or environment for old commits:
#
# [[rules]]
# range = "v1.0..v2.0"
# run = "make old-test"
# env = { LEGACY = "1" }

# Files laid over every commit before its tests run, such as a test that is newer than the code:
#
# [overlay]
# files = { "tests/new_test.py" = "tests/new_test.py" }
# patches = ["fix-old-build.patch"]
"#;

fn suite_table(detection: &Detection, explained: bool) -> String {
    let suite = &detection.suite;
    let mut text = String::from("[[suites]]\n");
    let mut line = |comment: &str, key: &str, value: String| {
        if explained && !comment.is_empty() {
            text.push_str(&format!("# {comment}\n"));
        }
        text.push_str(&format!("{key} = {value}\n"));
    };
    line("", "name", quoted(&suite.name));
    if let Some(build) = &suite.build {
        line(
            "Runs first; a commit whose build fails is untestable, not broken.",
            "build",
            command(build),
        );
    }
    line(
        "Runs the tests: a list of arguments, or a line for `sh -c`.",
        "run",
        command(&suite.run),
    );
    if !suite.results.is_empty() {
        let sources: Vec<String> = suite
            .results
            .iter()
            .map(|source| match &source.location {
                ResultLocation::Stdout => {
                    format!(
                        "{{ format = {}, stdout = true }}",
                        quoted(source.format.name())
                    )
                }
                ResultLocation::Files(glob) => format!(
                    "{{ format = {}, path = {} }}",
                    quoted(source.format.name()),
                    quoted(glob)
                ),
            })
            .collect();
        line(
            "Where the results are; $RETRO_SCRATCH is a folder outside the work tree.",
            "results",
            format!("[{}]", sources.join(", ")),
        );
    }
    let usual = Suite::new("usual", suite.run.clone());
    line("Time limits.", "timeout", limit(suite.timeout));
    line("", "build-timeout", limit(suite.build_timeout));
    if suite.skip_exit_codes != usual.skip_exit_codes {
        line(
            "Exit codes that mean \"cannot be judged\".",
            "skip-exit-codes",
            format!("{:?}", suite.skip_exit_codes),
        );
    }
    if !suite.env_allow.is_empty() {
        line(
            "Variables that the commands may see beside the basic ones.",
            "env-allow",
            list(&suite.env_allow),
        );
    }
    if !suite.env.is_empty() {
        let pairs: Vec<String> = suite
            .env
            .iter()
            .map(|(name, value)| format!("{} = {}", quoted(name), quoted(value)))
            .collect();
        line(
            "Variables with fixed values.",
            "env",
            format!("{{ {} }}", pairs.join(", ")),
        );
    }
    if suite.retries != 0 {
        line(
            "How often a commit with failed tests runs again, to tell flaky tests.",
            "retries",
            suite.retries.to_string(),
        );
    }
    if !suite.work_dir.is_empty() {
        line(
            "Where the commands run.",
            "work-dir",
            quoted(&suite.work_dir),
        );
    }
    if !detection.toolchain.is_empty() {
        let probes: Vec<String> = detection.toolchain.iter().map(|argv| list(argv)).collect();
        line(
            "Tools whose versions are part of what makes a stored result reusable.",
            "toolchain",
            format!("[{}]", probes.join(", ")),
        );
    }
    text
}

fn commented(text: &str) -> String {
    text.lines()
        .map(|line| format!("# {line}").trim_end().to_owned() + "\n")
        .collect()
}

/// The text as part of a comment: TOML allows no control characters there.
fn one_line(text: &str) -> String {
    text.split(|ch: char| ch.is_whitespace() || ch.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn list(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    format!("[{}]", words.join(", "))
}

fn command(command: &CommandLine) -> String {
    match command {
        CommandLine::Argv(argv) => list(argv),
        CommandLine::Shell(line) => quoted(line),
    }
}

fn limit(limit: Option<Duration>) -> String {
    quoted(&crate::config::duration_text(limit))
}
