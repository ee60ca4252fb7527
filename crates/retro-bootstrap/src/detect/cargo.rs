//! Rust: cargo-nextest where it is installed, `cargo test` elsewhere.

use retro_domain::{ResultFormat, Suite};

use super::{Detection, FileView, ToolProbe, argv, direct, in_files, on_stdout, shell};

/// nextest writes JUnit only through a profile. A profile of git-retro's own, laid over the
/// repository's configuration by a tool file, inherits what the repository's default profile says.
const NEXTEST: &str = r#"mkdir -p "$RETRO_SCRATCH/results" &&
printf "[profile.git-retro.junit]\npath = '%s/results/junit.xml'\n" "$RETRO_SCRATCH" > "$RETRO_SCRATCH/nextest.toml" &&
cargo nextest run --workspace --no-fail-fast --profile git-retro --tool-config-file "git-retro:$RETRO_SCRATCH/nextest.toml""#;

pub(super) fn detect(files: &dyn FileView, tools: &dyn ToolProbe) -> Option<Detection> {
    if !files.exists("Cargo.toml") {
        return None;
    }
    let mut toolchain = vec![argv("cargo --version"), argv("rustc -vV")];
    if tools.has("cargo-nextest") {
        let mut suite = Suite::new("cargo", shell(NEXTEST));
        suite.build = Some(direct("cargo nextest run --workspace --no-run"));
        suite.results = vec![in_files(
            ResultFormat::Junit,
            "$RETRO_SCRATCH/results/junit.xml",
        )];
        toolchain.push(argv("cargo nextest --version"));
        return Some(Detection {
            suite,
            toolchain,
            because: "Cargo.toml; cargo-nextest is installed (it runs no doctests)".to_owned(),
            kind: "cargo-nextest",
        });
    }
    // Which test binary the lines belong to is said on standard error, so the two go together.
    let mut suite = Suite::new("cargo", shell("cargo test --workspace --no-fail-fast 2>&1"));
    suite.build = Some(direct("cargo test --workspace --no-run"));
    suite.results = vec![on_stdout(ResultFormat::Libtest)];
    Some(Detection {
        suite,
        toolchain,
        because: "Cargo.toml; cargo-nextest is not installed".to_owned(),
        kind: "cargo-test",
    })
}
