//! Anything with a `test` or a `check` target in its Makefile.

use retro_domain::Suite;

use super::{Detection, FileView, ToolProbe, argv, direct};

pub(super) fn detect(files: &dyn FileView, _: &dyn ToolProbe) -> Option<Detection> {
    // The order in which make itself looks.
    let name = ["GNUmakefile", "makefile", "Makefile"]
        .into_iter()
        .find(|name| files.exists(name))?;
    let text = files.read(name)?;
    let target = ["test", "check"]
        .into_iter()
        .find(|target| has_target(&text, target))?;
    let mut suite = Suite::new("make", direct(&format!("make {target}")));
    if has_target(&text, "all") {
        suite.build = Some(direct("make all"));
    }
    // Without sources named, a report on the output is read, and the exit code stands in for one.
    Some(Detection {
        suite,
        toolchain: vec![argv("make --version"), argv("cc --version")],
        because: format!("{name} with the target {target}"),
        kind: "make",
    })
}

/// Whether a rule of the makefile makes this target.
fn has_target(text: &str, target: &str) -> bool {
    text.lines().any(|line| {
        // Recipes start with a tab, and `test := x` sets a variable.
        let Some((targets, rest)) = line.split_once(':') else {
            return false;
        };
        !line.starts_with(['\t', '#'])
            && !rest.trim_start_matches(':').starts_with('=')
            && targets.split_whitespace().any(|name| name == target)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_told_from_what_looks_like_them() {
        for (text, expected) in [
            ("test:\n\t./run\n", true),
            ("check test: all\n", true),
            ("test::\n", true),
            ("test :\n", true),
            ("test := x\n", false),
            ("test ::= x\n", false),
            ("\ttest: no\n", false),
            ("# test: no\n", false),
            ("testing:\n", false),
            (".PHONY: test\n", false),
            ("", false),
        ] {
            assert_eq!(has_target(text, "test"), expected, "{text:?}");
        }
    }
}
