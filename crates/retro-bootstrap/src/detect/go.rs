//! Go: gotestsum where it is installed, the exit code of `go test` elsewhere.

use retro_domain::{ResultFormat, Suite};

use super::{Detection, FileView, ToolProbe, argv, direct, in_files, on_stdout, shell};

/// `-count=1` keeps Go from answering with the result of an earlier run, which would hide a flake.
const GOTESTSUM: &str = r#"mkdir -p "$RETRO_SCRATCH/results" &&
gotestsum --format standard-verbose --junitfile "$RETRO_SCRATCH/results/go.xml" -- -count=1 ./..."#;

pub(super) fn detect(files: &dyn FileView, tools: &dyn ToolProbe) -> Option<Detection> {
    if !files.exists("go.mod") {
        return None;
    }
    let (mut suite, because, kind) = if tools.has("gotestsum") {
        let mut suite = Suite::new("go", shell(GOTESTSUM));
        suite.results = vec![in_files(
            ResultFormat::Junit,
            "$RETRO_SCRATCH/results/go.xml",
        )];
        (suite, "go.mod; gotestsum is installed", "gotestsum")
    } else {
        let mut suite = Suite::new("go", direct("go test -count=1 ./..."));
        suite.results = vec![on_stdout(ResultFormat::ExitCode)];
        (
            suite,
            "go.mod; without gotestsum the whole suite counts as one test",
            "go-test",
        )
    };
    // Compiles the tests as well, and runs none of them.
    suite.build = Some(direct("go test -count=1 -run ^$ ./..."));
    Some(Detection {
        suite,
        toolchain: vec![argv("go version")],
        because: because.to_owned(),
        kind,
    })
}
