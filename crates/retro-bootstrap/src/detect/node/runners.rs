//! The test runners, and how each is brought to leave results that git-retro reads.

use retro_domain::{ResultFormat, ResultSource};

use super::package::{Manager, Package};
use crate::detect::{in_files, on_stdout};

/// What runs a package's tests.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Runner {
    Vitest,
    Jest,
    Mocha,
    Node,
    /// Whatever the `test` script does.
    Script,
}

/// jest has no reporter that git-retro reads, and takes one from any file: this one writes JUnit.
/// It uses nothing that jest 20 did not have.
const JEST_REPORTER: &str = include_str!("jest-reporter.cjs");

impl Runner {
    /// The runner that the `test` script ends with, else one that the package depends on, else the
    /// script itself.
    pub(super) fn of(package: &Package) -> Option<Self> {
        let by_script = [
            ("vitest", Self::Vitest),
            ("jest", Self::Jest),
            ("react-scripts", Self::Jest),
            ("mocha", Self::Mocha),
        ];
        if let Some((_, runner)) = by_script
            .into_iter()
            .find(|(name, _)| package.script_ends_with(name))
        {
            return Some(runner);
        }
        if node_tests(package) > 0 {
            return Some(Self::Node);
        }
        let by_dependency = [
            ("vitest", Self::Vitest),
            ("jest", Self::Jest),
            ("mocha", Self::Mocha),
        ];
        by_dependency
            .into_iter()
            .find(|(name, _)| package.depends_on(name))
            .map(|(_, runner)| runner)
            .or_else(|| (!package.test.is_empty()).then_some(Self::Script))
    }

    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Vitest => "vitest",
            Self::Jest => "jest",
            Self::Mocha => "mocha",
            Self::Node => "node-test",
            Self::Script => "npm-test",
        }
    }

    pub(super) fn found(self) -> &'static str {
        match self {
            Self::Vitest => "vitest",
            Self::Jest => "jest (results through a reporter that the command writes)",
            Self::Mocha => "mocha",
            Self::Node => "node's own runner",
            Self::Script => "a test script (TAP is read, anything else counts as one test)",
        }
    }

    pub(super) fn command(self, package: &Package, manager: Manager) -> String {
        let with = |program: &str, own: &str, arguments: &str| {
            if package.script_ends_with(program) {
                manager.test(arguments)
            } else {
                manager.exec(&format!("{own} {arguments}"))
            }
        };
        match self {
            Self::Vitest => with(
                "vitest",
                "vitest",
                "--run --reporter=default --reporter=junit \
                 --outputFile.junit=\"$RETRO_SCRATCH/results/vitest.xml\"",
            ),
            Self::Jest => {
                let program = if package.script_ends_with("react-scripts") {
                    "react-scripts"
                } else {
                    "jest"
                };
                let command = with(
                    program,
                    "jest",
                    "--ci --reporters=default --reporters=\"$RETRO_SCRATCH/jest-reporter.cjs\"",
                );
                format!(
                    "cat > \"$RETRO_SCRATCH/jest-reporter.cjs\" <<'END'\n{JEST_REPORTER}END\n{command}"
                )
            }
            Self::Mocha => with(
                "mocha",
                "mocha",
                "--reporter xunit -O output=\"$RETRO_SCRATCH/results/mocha.xml\"",
            ),
            Self::Node => match node_output(package) {
                NodeOutput::OneFile => format!(
                    "mkdir -p \"$RETRO_SCRATCH/results\" &&\n\
                     NODE_OPTIONS=\"--test-reporter=spec --test-reporter-destination=stdout \
                     --test-reporter=junit \
                     --test-reporter-destination=\\\"$RETRO_SCRATCH/results/node.xml\\\"\" {}",
                    manager.test("")
                ),
                NodeOutput::Tap => {
                    format!("NODE_OPTIONS=--test-reporter=tap {}", manager.test(""))
                }
                NodeOutput::OfTheScript => manager.test(""),
            },
            Self::Script => manager.test(""),
        }
    }

    pub(super) fn results(self, package: &Package) -> ResultSource {
        let junit = |name: &str| {
            let path = format!("$RETRO_SCRATCH/results/{name}.xml");
            in_files(ResultFormat::Junit, &path)
        };
        match self {
            Self::Vitest => junit("vitest"),
            Self::Jest => junit("jest"),
            Self::Mocha => junit("mocha"),
            Self::Node => match node_output(package) {
                NodeOutput::OneFile => junit("node"),
                NodeOutput::Tap => on_stdout(ResultFormat::Tap),
                NodeOutput::OfTheScript => on_stdout(ResultFormat::Auto),
            },
            Self::Script => on_stdout(ResultFormat::Auto),
        }
    }
}

/// How results get out of node's own runner.
enum NodeOutput {
    /// One run, one JUnit file.
    OneFile,
    /// Several runs would each write the file anew, so they print TAP one after the other.
    Tap,
    /// The script chooses its reporters, and more of them would be an error.
    OfTheScript,
}

fn node_output(package: &Package) -> NodeOutput {
    match node_tests(package) {
        _ if package.test.contains("--test-reporter") => NodeOutput::OfTheScript,
        0 | 1 => NodeOutput::OneFile,
        _ => NodeOutput::Tap,
    }
}

/// How often the script starts node's own runner.
fn node_tests(package: &Package) -> usize {
    let words = package.test.split_whitespace();
    words.filter(|word| *word == "--test").count()
}
