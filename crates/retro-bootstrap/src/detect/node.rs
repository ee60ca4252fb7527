//! JavaScript and TypeScript: vitest, jest, mocha, node's own runner, or any `npm test`.

mod package;
mod runners;

use retro_domain::Suite;

use super::{Detection, FileView, ToolProbe, argv, shell};
use package::{Manager, Package};
use runners::Runner;

pub(super) fn detect(files: &dyn FileView, tools: &dyn ToolProbe) -> Option<Detection> {
    let package = Package::parse(&files.read("package.json")?)?;
    let manager = Manager::of(&package, files);
    let runner = Runner::of(&package)?;

    let mut suite = Suite::new(manager.name(), shell(runner.command(&package, manager)));
    suite.build = Some(shell(manager.install(files)));
    suite.results = vec![runner.results(&package)];
    // Runners neither watch nor ask when they take themselves to be on a CI machine.
    suite.env.insert("CI".to_owned(), "true".to_owned());

    let because = format!(
        "package.json with {}; {}",
        runner.found(),
        manager.found(tools)
    );
    Some(Detection {
        suite,
        toolchain: vec![
            argv("node --version"),
            argv(&format!("{} --version", manager.name())),
        ],
        because,
        kind: runner.kind(),
    })
}
