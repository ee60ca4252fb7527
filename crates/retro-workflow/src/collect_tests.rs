use retro_domain::{CommandLine, Outcome, ResultSource};

use super::*;

/// A slot's folders, with a suite that reads these files.
struct Fixture {
    folder: tempfile::TempDir,
    suite: Suite,
}

impl Fixture {
    fn new(format: ResultFormat, glob: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["work", "scratch"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        fs::write(folder.path().join("stdout"), "").unwrap();
        let mut suite = Suite::new("unit", CommandLine::Shell("x".into()));
        suite.results.push(ResultSource {
            format,
            location: ResultLocation::Files(glob.into()),
        });
        Self { folder, suite }
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn with_places<T>(&self, use_places: impl FnOnce(&Places<'_>) -> T) -> T {
        let at = |name| self.folder.path().join(name);
        let (work_tree, scratch, stdout) = (at("work"), at("scratch"), at("stdout"));
        use_places(&Places {
            work_tree: &work_tree,
            scratch: &scratch,
            stdout: &stdout,
        })
    }

    fn before(&self) -> Before {
        self.with_places(|places| Before::look(&self.suite, places))
    }

    fn collect(&self, before: &Before, succeeded: bool) -> Reading {
        self.with_places(|places| {
            let ended = Ended {
                succeeded,
                output_cut: false,
            };
            collect(&self.suite, places, before, ended)
        })
    }
}

const PASSED: &str = "TAP version 13\n1..1\nok 1 - a\n";
const FAILED: &str = "TAP version 13\n1..1\nnot ok 1 - a\n";

#[test]
fn only_files_that_the_command_wrote_are_results() {
    let fixture = Fixture::new(ResultFormat::Tap, "out/**/*.tap");
    fixture.write("work/out/old.tap", FAILED);
    let before = fixture.before();
    fixture.write("work/out/deep/new.tap", PASSED);
    fixture.write("work/elsewhere/new.tap", FAILED);
    let reading = fixture.collect(&before, true);
    let names: Vec<&str> = reading
        .files
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, ["results/out/deep/new.tap"]);
    assert_eq!((reading.reports, reading.cases.len()), (1, 1));
}

#[test]
fn a_file_that_was_written_again_is_a_result() {
    let fixture = Fixture::new(ResultFormat::Tap, "out.tap");
    fixture.write("work/out.tap", PASSED);
    let before = fixture.before();
    fixture.write("work/out.tap", FAILED);
    let reading = fixture.collect(&before, false);
    assert_eq!(reading.cases[0].outcome, Outcome::Failed);
}

#[test]
fn results_may_be_in_the_scratch_folder() {
    let fixture = Fixture::new(ResultFormat::Auto, "$RETRO_SCRATCH/results/*");
    let before = fixture.before();
    fixture.write("scratch/results/a.tap", PASSED);
    fixture.write("scratch/results/notes.txt", "nothing to see here");
    let reading = fixture.collect(&before, true);
    assert_eq!(
        (reading.reports, reading.problems.len()),
        (1, 0),
        "{reading:?}"
    );
}

#[test]
fn namesakes_in_two_files_fail_together() {
    for succeeded in [false, true] {
        let fixture = Fixture::new(ResultFormat::Junit, "*.xml");
        let before = fixture.before();
        let case = |inner: &str| {
            format!(
                "<testsuite name='s'><testcase classname='c' name='n'>{inner}</testcase></testsuite>"
            )
        };
        fixture.write("work/1.xml", &case("<failure/>"));
        fixture.write("work/2.xml", &case(""));
        let reading = fixture.collect(&before, succeeded);
        assert_eq!(reading.cases.len(), 1);
        assert_eq!(reading.cases[0].outcome, Outcome::Failed);
    }
}

#[test]
fn scripts_without_names_of_their_own_are_told_apart_by_their_files() {
    let fixture = Fixture::new(ResultFormat::Tap, "t/*.tap");
    let before = fixture.before();
    fixture.write("work/t/1.tap", PASSED);
    fixture.write("work/t/2.tap", FAILED);
    let reading = fixture.collect(&before, false);
    let ids: Vec<String> = reading
        .cases
        .iter()
        .map(|case| case.id.to_string())
        .collect();
    assert_eq!(ids, ["t/1::a", "t/2::a"]);
}

#[test]
fn what_is_missing_or_unreadable_is_said() {
    let fixture = Fixture::new(ResultFormat::Junit, "*.xml");
    let before = fixture.before();
    let reading = fixture.collect(&before, true);
    assert_eq!(reading.notes, ["no new file matches *.xml"]);
    fixture.write("work/a.xml", "this is no XML");
    let reading = fixture.collect(&before, true);
    assert_eq!(reading.reports, 0);
    assert!(
        reading.problems[0].starts_with("a.xml: "),
        "{:?}",
        reading.problems
    );
}

#[test]
fn a_file_that_two_patterns_match_is_read_once() {
    let mut fixture = Fixture::new(ResultFormat::Tap, "out*.tap");
    fixture.suite.results.push(ResultSource {
        format: ResultFormat::Auto,
        location: ResultLocation::Files("./*.tap".into()),
    });
    let before = fixture.before();
    fixture.write("work/out.tap", PASSED);
    let reading = fixture.collect(&before, true);
    assert_eq!((reading.reports, reading.files.len()), (1, 1));
    assert_eq!(reading.notes, [""; 0]);
}

#[test]
fn a_pattern_may_begin_with_the_folder_itself() {
    let fixture = Fixture::new(ResultFormat::Tap, "./out/*.tap");
    let before = fixture.before();
    fixture.write("work/out/a.tap", PASSED);
    assert_eq!(fixture.collect(&before, true).reports, 1);
}

#[test]
fn patterns_that_can_match_nothing_are_refused() {
    let check = |pattern: &str, good: bool| {
        assert_eq!(check_result_pattern(pattern).is_ok(), good, "{pattern:?}");
    };
    for good in ["a.xml", "./a/**/*.xml", "$RETRO_SCRATCH/*.xml", "a..b"] {
        check(good, true);
    }
    for bad in ["", "$RETRO_SCRATCH/", "/tmp/*.xml", "../x", "a/../x", "["] {
        check(bad, false);
    }
}

/// What is read and told of a pattern when `work/link` leads there.
fn through_a_link(to: impl FnOnce(&Path) -> PathBuf, glob: &str) -> (usize, String) {
    let fixture = Fixture::new(ResultFormat::Tap, glob);
    fixture.write("work/inside/deep/s.tap", PASSED);
    fixture.write("work/.git/deep/s.tap", PASSED);
    fixture.write("outside/deep/s.tap", PASSED);
    fixture.write("outside/s.tap", PASSED);
    let to = to(fixture.folder.path());
    for place in ["work", "scratch"] {
        std::os::unix::fs::symlink(&to, fixture.folder.path().join(place).join("link")).unwrap();
    }
    let reading = fixture.collect(&Before::default(), true);
    assert_eq!(reading.reports, reading.files.len());
    (reading.reports, reading.notes.join("\n"))
}

#[test]
fn a_path_that_leads_out_through_a_link_is_not_read() {
    for glob in [
        "link/s.tap",
        "link/deep/s.tap",
        "link/deep/*.tap",
        "$RETRO_SCRATCH/link/s.tap",
        "$RETRO_SCRATCH/link/deep/*.tap",
    ] {
        let (reports, notes) = through_a_link(|folder| folder.join("outside"), glob);
        assert_eq!(reports, 0, "{glob}");
        let why = "leads out of the work tree through a link";
        assert!(notes.contains(why), "{glob}: {notes}");
    }
    let (reports, _) = through_a_link(|_| "/proc/self".into(), "link/status");
    assert_eq!(reports, 0);
}

#[test]
fn a_link_to_a_folder_inside_is_followed_before_a_wildcard() {
    for (glob, expected) in [("link/deep/s.tap", 1), ("link/deep/*.tap", 1)] {
        let (reports, notes) = through_a_link(|_| "inside".into(), glob);
        assert_eq!(reports, expected, "{glob}: {notes}");
    }
}

#[test]
fn a_result_that_is_a_link_is_not_read_and_told() {
    for glob in ["link", "lin*"] {
        let (reports, notes) = through_a_link(|folder| folder.join("outside/s.tap"), glob);
        assert_eq!(reports, 0, "{glob}");
        assert!(notes.contains("link is not read: it is a link"), "{notes}");
    }
}

#[test]
fn what_is_in_git_is_not_read() {
    let (reports, notes) = through_a_link(|_| ".git".into(), "link/deep/s.tap");
    assert!(reports == 0 && notes.contains("leads into .git"), "{notes}");
    let (reports, notes) = through_a_link(|_| ".git".into(), ".git/deep/*.tap");
    assert!(reports == 0 && notes.contains("leads into .git"), "{notes}");
}
