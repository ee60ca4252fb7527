//! Go: the events of `go test -json`.

use retro_domain::{ResultFormat, Suite};

use super::{Detection, FileView, ToolProbe, argv, direct, on_stdout};

/// `-count=1` keeps Go from answering with the result of an earlier run, which would hide a flake.
const RUN: &str = "go test -json -count=1 ./...";

pub(super) fn detect(files: &dyn FileView, _: &dyn ToolProbe) -> Option<Detection> {
    if !files.exists("go.mod") {
        return None;
    }
    let mut suite = Suite::new("go", direct(RUN));
    suite.results = vec![on_stdout(ResultFormat::GoJson)];
    // Compiles the tests as well, and runs none of them.
    suite.build = Some(direct("go test -count=1 -run ^$ ./..."));
    Some(Detection {
        suite,
        toolchain: vec![argv("go version")],
        because: "go.mod".to_owned(),
        kind: "go-test",
    })
}
