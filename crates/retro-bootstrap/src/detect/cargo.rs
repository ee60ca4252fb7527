//! Rust: cargo-nextest where it is installed, `cargo test` elsewhere.

use retro_domain::{CommandLine, ResultFormat, ResultLocation, ResultSource, Suite};

use super::{Detection, FileView, ToolProbe};

/// nextest writes JUnit only through a profile. A profile of our own, laid over the repository's
/// configuration by a tool file, inherits what the repository says in its default profile.
const NEXTEST: &str = r#"mkdir -p "$RETRO_SCRATCH/results" &&
printf "[profile.git-retro.junit]\npath = '%s/results/junit.xml'\n" "$RETRO_SCRATCH" > "$RETRO_SCRATCH/nextest.toml" &&
cargo nextest run --workspace --no-fail-fast --profile git-retro --tool-config-file "git-retro:$RETRO_SCRATCH/nextest.toml"
"#;

pub(super) fn detect(files: &dyn FileView, tools: &dyn ToolProbe) -> Option<Detection> {
    if !files.exists("Cargo.toml") {
        return None;
    }
    let argv = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<String>>();
    let nextest = tools.has("cargo-nextest");
    let (build, run, result, because, kind) = if nextest {
        (
            "cargo nextest run --workspace --no-run",
            CommandLine::Shell(NEXTEST.trim_end().to_owned()),
            ResultSource {
                format: ResultFormat::Junit,
                location: ResultLocation::Files("$RETRO_SCRATCH/results/junit.xml".to_owned()),
            },
            "Cargo.toml; cargo-nextest is installed (it runs no doctests)",
            "cargo-nextest",
        )
    } else {
        (
            "cargo test --workspace --no-run",
            CommandLine::Argv(argv("cargo test --workspace --no-fail-fast")),
            ResultSource {
                format: ResultFormat::Libtest,
                location: ResultLocation::Stdout,
            },
            "Cargo.toml; cargo-nextest is not installed",
            "cargo-test",
        )
    };
    let mut suite = Suite::new("cargo", run);
    suite.build = Some(CommandLine::Argv(argv(build)));
    suite.results.push(result);
    let mut toolchain = vec![argv("cargo --version"), argv("rustc -vV")];
    if nextest {
        toolchain.push(argv("cargo nextest --version"));
    }
    Some(Detection {
        suite,
        toolchain,
        because: because.to_owned(),
        kind,
    })
}
