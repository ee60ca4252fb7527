use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use retro_domain::CommandLine;

use super::*;
use crate::config::{ConfigInputs, FlagLayer, load};

/// Files in memory.
struct Files(BTreeMap<String, String>);

impl Files {
    fn of(files: &[(&str, &str)]) -> Self {
        let own = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
        Self(files.iter().map(own).collect())
    }
}

impl FileView for Files {
    fn exists(&self, path: &str) -> bool {
        self.0.contains_key(path) || !self.list(path).is_empty()
    }

    fn read(&self, path: &str) -> Option<String> {
        self.0.get(path).cloned()
    }

    fn list(&self, dir: &str) -> Vec<String> {
        let prefix = if dir.is_empty() {
            String::new()
        } else {
            format!("{dir}/")
        };
        let mut names: Vec<String> = self
            .0
            .keys()
            .filter_map(|path| path.strip_prefix(&prefix)?.split('/').next())
            .map(str::to_owned)
            .collect();
        names.dedup();
        names
    }
}

/// The tools of a made-up machine.
struct Tools(&'static [&'static str]);

impl ToolProbe for Tools {
    fn has(&self, program: &str) -> bool {
        self.0.contains(&program)
    }
}

type Sample = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static [&'static str],
);

/// One repository for each kind of detection: what is found first, the files, the tools.
const SAMPLES: &[Sample] = &[
    ("cargo-nextest", &[("Cargo.toml", "")], &["cargo-nextest"]),
    ("cargo-test", &[("Cargo.toml", "")], &[]),
    ("go-test", &[("go.mod", "")], &[]),
    ("maven", &[("pom.xml", "")], &[]),
    ("maven", &[("pom.xml", ""), ("mvnw", "")], &[]),
    ("gradle", &[("build.gradle", "")], &[]),
    (
        "gradle",
        &[("settings.gradle.kts", ""), ("gradlew", "")],
        &[],
    ),
    (
        "pytest",
        &[
            ("pyproject.toml", "[tool.pytest.ini_options]"),
            ("src/a.py", ""),
        ],
        &["python3"],
    ),
    (
        "pytest",
        &[("pyproject.toml", "pytest"), ("uv.lock", "")],
        &["python3", "uv"],
    ),
    (
        "pytest",
        &[("pyproject.toml", "pytest"), ("poetry.lock", "")],
        &["python3", "poetry"],
    ),
    (
        "pytest",
        &[("setup.py", ""), ("test_a.py", "")],
        &["pytest"],
    ),
    (
        "pytest",
        &[("setup.py", ""), ("requirements-dev.txt", "pytest>=7")],
        &[],
    ),
    (
        "unittest",
        &[("setup.py", ""), ("tests/test_a.py", "")],
        &["python3"],
    ),
    (
        "vitest",
        &[
            ("package.json", r#"{"scripts":{"test":"vitest"}}"#),
            ("package-lock.json", ""),
        ],
        &["npm"],
    ),
    (
        "vitest",
        &[(
            "package.json",
            r#"{"devDependencies":{"vitest":"1"},"packageManager":"pnpm@9.1.0"}"#,
        )],
        &[],
    ),
    (
        "jest",
        &[
            ("package.json", r#"{"scripts":{"test":"tsc && jest"}}"#),
            ("yarn.lock", ""),
        ],
        &["yarn"],
    ),
    (
        "jest",
        &[(
            "package.json",
            r#"{"scripts":{"test":"react-scripts test"}}"#,
        )],
        &["npm"],
    ),
    (
        "mocha",
        &[(
            "package.json",
            r#"{"scripts":{"test":"mocha"},"packageManager":"yarn@4.0.1"}"#,
        )],
        &["npm"],
    ),
    (
        "node-test",
        &[("package.json", r#"{"scripts":{"test":"node --test"}}"#)],
        &["npm"],
    ),
    (
        "node-test",
        &[(
            "package.json",
            r#"{"scripts":{"test":"node --test a && node --test b"}}"#,
        )],
        &["npm"],
    ),
    (
        "node-test",
        &[(
            "package.json",
            r#"{"scripts":{"test":"node --test --test-reporter=tap"}}"#,
        )],
        &["npm"],
    ),
    (
        "npm-test",
        &[("package.json", r#"{"scripts":{"test":"tape test/*.js"}}"#)],
        &["npm"],
    ),
    ("prove", &[("t/a.t", "")], &[]),
    ("prove", &[("t/deep/a.t", ""), ("Makefile.PL", "")], &[]),
    ("prove", &[("t/a.t", ""), ("Build.PL", "")], &[]),
    ("make", &[("Makefile", "all: x\ntest: all\n")], &[]),
    ("make", &[("GNUmakefile", "check:\n")], &[]),
];

fn found(sample: &Sample) -> Vec<Detection> {
    detect(&Files::of(sample.1), &Tools(sample.2))
}

/// Loads a text as a repository's `retro.toml`.
fn loaded(text: &str) -> crate::config::Settings {
    let dir = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(dir.path().join("retro.toml"), text).expect("a writable folder");
    let inputs = ConfigInputs {
        user_file: None,
        repo_root: Some(dir.path()),
        config_file: None,
        env: &BTreeMap::new(),
        flags: FlagLayer::default(),
    };
    match load(&inputs) {
        Ok(config) => config.settings,
        Err(error) => panic!("{}\n{text}", error.report()),
    }
}

#[test]
fn each_kind_of_repository_is_recognised() {
    for sample in SAMPLES {
        let first = found(sample).into_iter().next();
        assert_eq!(
            first.map(|found| found.kind),
            Some(sample.0),
            "{:?}",
            sample.1
        );
    }
}

#[test]
fn what_has_no_tests_is_not_recognised() {
    for files in [
        &[][..],
        &[("README.md", "")],
        &[("pyproject.toml", "[project]\nname = \"a\"")],
        &[(
            "package.json",
            r#"{"scripts":{"test":"echo \"Error: no test specified\" && exit 1"}}"#,
        )],
        &[("package.json", "not json")],
        &[("Makefile", "all:\n")],
        &[("t/a.txt", "")],
    ] {
        let found = detect(&Files::of(files), &Tools(&["pytest", "cargo-nextest"]));
        assert_eq!(found, [], "{files:?}");
    }
}

#[test]
fn the_main_language_comes_before_the_makefile_that_wraps_it() {
    let files = Files::of(&[
        ("Makefile", "test:\n\tcargo test\n"),
        ("Cargo.toml", ""),
        ("package.json", r#"{"scripts":{"test":"jest"}}"#),
    ]);
    let kinds: Vec<&str> = detect(&files, &Tools(&[]))
        .iter()
        .map(|found| found.kind)
        .collect();
    assert_eq!(kinds, ["cargo-test", "jest", "make"]);
}

#[test]
fn what_init_writes_loads_back_to_the_same_suite() {
    for sample in SAMPLES {
        let detections = found(sample);
        let text = render_init(&detections);
        let settings = loaded(&text);
        let [suite] = settings.suites.as_slice() else {
            panic!("not one suite:\n{text}");
        };
        assert_eq!(suite.to_suite(), detections[0].suite, "{text}");
        assert_eq!(
            suite.to_suite().fingerprint(),
            detections[0].suite.fingerprint()
        );
        assert_eq!(suite.toolchain(), detections[0].toolchain);
    }
}

#[test]
fn what_init_comments_out_can_be_turned_on() {
    let detections = detect(
        &Files::of(&[("Cargo.toml", ""), ("t/a.t", ""), ("Makefile", "test:\n")]),
        &Tools(&["cargo-nextest"]),
    );
    assert_eq!(detections.len(), 3);
    let text: String = render_init(&detections)
        .lines()
        .scan(false, |inside, line| {
            *inside = (*inside || line == "# [[suites]]") && line.starts_with('#');
            let turned_on = line.strip_prefix("# ").unwrap_or(line);
            Some(format!("{}\n", if *inside { turned_on } else { line }))
        })
        .collect();
    let suites = loaded(&text).suites;
    let loaded: Vec<_> = suites.iter().map(|suite| suite.to_suite()).collect();
    let expected: Vec<_> = detections.into_iter().map(|found| found.suite).collect();
    assert_eq!(loaded, expected, "{text}");
}

#[test]
fn without_a_detection_init_writes_an_example_that_loads() {
    let text = render_init(&[]);
    assert!(loaded(&text).suites.is_empty());
    insta::assert_snapshot!(text);
}

#[test]
fn the_file_for_each_kind_is_as_reviewed() {
    let mut seen = Vec::new();
    for sample in SAMPLES {
        if !seen.contains(&sample.0) {
            seen.push(sample.0);
            insta::assert_snapshot!(format!("init_{}", sample.0), render_init(&found(sample)));
        }
    }
}

#[test]
fn the_commands_for_each_repository_are_as_reviewed() {
    let mut text = String::new();
    for sample in SAMPLES {
        let names: Vec<&str> = sample.1.iter().map(|(name, _)| *name).collect();
        let found = &found(sample)[0];
        let build = found.suite.build.as_ref().map(ToString::to_string);
        let run = found.suite.run.to_string();
        text.push_str(&format!(
            "{} ({}, tools: {})\n  because {}\n  build {}\n  run {}\n",
            found.kind,
            names.join(" "),
            sample.2.join(" "),
            found.because,
            build.unwrap_or_else(|| "-".to_owned()),
            run.lines()
                .filter(|line| !line.starts_with(' ') && !line.starts_with("const "))
                .collect::<Vec<_>>()
                .join("\n      "),
        ));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn perl_tests_are_named_after_their_files_in_the_repository() {
    let found = detect(&Files::of(&[("t/a.t", "")]), &Tools(&[]));
    // `prove` writes the TAP of `t/a.t` to `DUMP/t/a.t`, and a test is named after that path.
    let CommandLine::Shell(run) = &found[0].suite.run else {
        panic!("not a shell line: {:?}", found[0].suite.run);
    };
    assert!(run.contains("DUMP_TAP=\"$RETRO_SCRATCH\" "), "{run}");
    let expected = in_files(retro_domain::ResultFormat::Tap, "$RETRO_SCRATCH/t/**/*.t");
    assert_eq!(found[0].suite.results, [expected]);
}

#[test]
fn perl_distributions_are_tested_with_the_module_path_that_make_test_has() {
    for (build, expected) in [
        ("Makefile.PL", true),
        ("Build.PL", true),
        ("cpanfile", false),
    ] {
        let found = detect(&Files::of(&[("t/a.t", ""), (build, "")]), &Tools(&[]));
        let set = found[0].suite.env.contains_key("PERL_USE_UNSAFE_INC");
        assert_eq!(set, expected, "{build}");
    }
}

proptest! {
    #[test]
    fn any_suite_survives_the_way_through_init(
        name in "[^\\p{C}]*[a-zA-Z][^\\p{C}]*",
        line in "[^\0]*[a-z][^\0]*",
        words in proptest::collection::vec("[^\0]*", 0..4),
        value in "[^\0]*",
        because in ".*",
    ) {
        let mut suite = Suite::new(name, shell(line));
        suite.build = Some(CommandLine::Argv([vec!["make".to_owned()], words.clone()].concat()));
        suite.env.insert("A B".to_owned(), value);
        suite.skip_exit_codes = vec![1, -1];
        suite.timeout = None;
        let toolchain = vec![[vec!["cc".to_owned()], words].concat()];
        let detection = Detection { suite, toolchain, because, kind: "any" };
        let text = render_init(std::slice::from_ref(&detection));
        let suites = loaded(&text).suites;
        prop_assert_eq!(suites.len(), 1);
        prop_assert_eq!(suites[0].to_suite(), detection.suite, "{}", text);
        prop_assert_eq!(suites[0].toolchain(), detection.toolchain);
    }

    #[test]
    fn detection_never_panics_on_what_files_hold(text in ".*") {
        for name in ["package.json", "Makefile", "pyproject.toml"] {
            detect(&Files::of(&[(name, &text)]), &Tools(&[]));
        }
    }
}

#[test]
fn a_folder_on_disk_is_looked_at_safely() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(dir.path().join("t")).expect("a writable folder");
    std::fs::write(dir.path().join("t/b.t"), "b").expect("a writable folder");
    std::fs::write(dir.path().join("t/a.t"), [b'a', 0xff]).expect("a writable folder");
    let view = DirView::new(dir.path());
    assert_eq!(view.list("t"), ["a.t", "b.t"]);
    assert_eq!(view.list("missing"), Vec::<String>::new());
    assert!(view.exists("t") && view.exists("t/a.t") && !view.exists("u"));
    assert_eq!(view.read("t/a.t").as_deref(), Some("a\u{fffd}"));
    assert_eq!(view.read("t"), None);
    assert_eq!(view.read("missing"), None);
    assert_eq!(detect(&view, &Tools(&[]))[0].kind, "prove");
}

#[test]
fn programs_are_found_in_the_folders_of_the_path_alone() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let make = |name: &str, mode: u32| {
        let path = dir.path().join(name);
        std::fs::write(&path, "").expect("a writable folder");
        set_mode(&path, mode);
    };
    make("tool", 0o755);
    make("text", 0o644);
    let probe = PathProbe {
        path: format!("/nonexistent::{}", dir.path().display()).into(),
    };
    assert!(probe.has("tool"));
    assert!(!probe.has("text"));
    assert!(!probe.has("missing"));
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    let permissions = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(path, permissions).expect("one's own file");
}
