//! Perl, and whatever else has its tests in `t/*.t`: `prove`.

use retro_domain::{ResultFormat, Suite};

use super::{Detection, FileView, ToolProbe, argv, in_files, shell};

/// What `prove` prints is a digest; the TAP itself goes to one file per test when it is asked to
/// dump it. Tests are named after these files, so they lie below the scratch folder as the tests
/// lie in the repository: `t/a`, not `results/t/a`.
const RESULTS: &str = "$RETRO_SCRATCH/t/**/*.t";

pub(super) fn detect(files: &dyn FileView, _: &dyn ToolProbe) -> Option<Detection> {
    if !has_tests(files, "t", 2) {
        return None;
    }
    // A distribution with compiled parts has to be built, and is tested as built (-b).
    let (build, flags, found) = if files.exists("Build.PL") {
        (
            Some("perl Build.PL && ./Build"),
            "-br",
            "t/*.t and Build.PL",
        )
    } else if files.exists("Makefile.PL") {
        (
            Some("perl Makefile.PL && make"),
            "-br",
            "t/*.t and Makefile.PL",
        )
    } else {
        (None, "-lr", "t/*.t")
    };
    let run = format!("PERL_TEST_HARNESS_DUMP_TAP=\"$RETRO_SCRATCH\" prove {flags} t");
    let mut suite = Suite::new("prove", shell(run));
    suite.build = build.map(shell);
    suite.results = vec![in_files(ResultFormat::Tap, RESULTS)];
    if suite.build.is_some() {
        // `make test` and `./Build test` let tests load modules from the current folder; `prove`
        // does not, and tests from before Perl 5.26 (`require "t/Util.pm"`) count on it.
        suite
            .env
            .insert("PERL_USE_UNSAFE_INC".to_owned(), "1".to_owned());
    }
    Some(Detection {
        suite,
        toolchain: vec![argv("perl -v"), argv("prove --version")],
        because: found.to_owned(),
        kind: "prove",
    })
}

/// Whether there is a `.t` file in the folder or, so many levels deep, below it.
fn has_tests(files: &dyn FileView, dir: &str, levels: u8) -> bool {
    let names = files.list(dir);
    names.iter().any(|name| name.ends_with(".t"))
        || (levels > 0
            && names
                .iter()
                .any(|name| has_tests(files, &format!("{dir}/{name}"), levels - 1)))
}
