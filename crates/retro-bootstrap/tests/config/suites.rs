use std::path::PathBuf;
use std::time::Duration;

use retro_domain::{CommandLine, ResultFormat, ResultLocation, ResultSource, Suite};

use crate::sandbox::Sandbox;

const EVERYTHING: &str = r#"
[[suites]]
name = "unit"
build = ["make", "-j4"]
run = "make test | tee log"
results = [
    { format = "junit", path = "out/**/*.xml" },
    { path = "$RETRO_SCRATCH/results/*" },
    { format = "tap", stdout = true },
]
timeout = "90s"
build-timeout = "none"
skip-exit-codes = [77, 125]
env-allow = ["DISPLAY", "MYAPP_*"]
env = { LANG = "C", EMPTY = "" }
retries = 2
work-dir = "./sub/dir/"
toolchain = ["cc --version", ["ld", "-v"]]
"#;

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

#[test]
fn every_key_of_a_suite_arrives() {
    let config = Sandbox::with(EVERYTHING).good();
    let [suite] = config.settings.suites.as_slice() else {
        panic!("not one suite");
    };
    let files = |format, glob: &str| ResultSource {
        format,
        location: ResultLocation::Files(glob.to_owned()),
    };
    let expected = Suite {
        name: "unit".to_owned(),
        build: Some(CommandLine::Argv(words("make -j4"))),
        run: CommandLine::Shell("make test | tee log".to_owned()),
        results: vec![
            files(ResultFormat::Junit, "out/**/*.xml"),
            files(ResultFormat::Auto, "$RETRO_SCRATCH/results/*"),
            ResultSource {
                format: ResultFormat::Tap,
                location: ResultLocation::Stdout,
            },
        ],
        work_dir: "sub/dir".to_owned(),
        build_timeout: None,
        timeout: Some(Duration::from_secs(90)),
        skip_exit_codes: vec![77, 125],
        env_allow: vec!["DISPLAY".to_owned(), "MYAPP_*".to_owned()],
        env: [("LANG", "C"), ("EMPTY", "")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        retries: 2,
    };
    assert_eq!(suite.to_suite(), expected);
    assert_eq!(
        suite.toolchain(),
        [
            vec!["sh".to_owned(), "-c".to_owned(), "cc --version".to_owned()],
            words("ld -v"),
        ]
    );
    assert_eq!(suite.origin().to_string(), "retro.toml:2");
}

#[test]
fn what_a_suite_does_not_say_is_as_the_domain_has_it() {
    let config = Sandbox::with("[[suites]]\nname = \"a\"\nrun = [\"b\"]").good();
    let expected = Suite::new("a", CommandLine::Argv(vec!["b".to_owned()]));
    assert_eq!(config.settings.suites[0].to_suite(), expected);
}

#[test]
fn limits_at_the_top_are_for_suites_that_do_not_say_and_those_of_this_call_for_all() {
    let text = r#"
        timeout = "1m"
        retries = 1
        [[suites]]
        name = "quiet"
        run = "a"
        [[suites]]
        name = "loud"
        run = "a"
        timeout = "2m"
        retries = 2
        [[rules]]
        range = "a..b"
        timeout = "3m"
        retries = 3
    "#;
    let check = |sandbox: &Sandbox, expected: [(u64, u32); 4]| {
        let settings = sandbox.good().settings;
        let ruled = |index: usize| settings.rules[0].apply(&settings.suites[index]).to_suite();
        let found = [
            settings.suites[0].to_suite(),
            settings.suites[1].to_suite(),
            ruled(0),
            settings.limit(Suite::new("detected", CommandLine::Shell("x".to_owned()))),
        ]
        .map(|suite| {
            (
                suite.timeout.map_or(0, |limit| limit.as_secs()),
                suite.retries,
            )
        });
        assert_eq!(found, expected);
    };
    check(&Sandbox::with(text), [(60, 1), (120, 2), (180, 3), (60, 1)]);
    let variable = Sandbox::with(text).variable("RETRO_TIMEOUT", "4m");
    check(&variable, [(240, 1), (240, 2), (240, 3), (240, 1)]);
    let mut flag = Sandbox::with(text);
    flag.flags.retries = Some(0);
    check(&flag, [(60, 0), (120, 0), (180, 0), (60, 0)]);
}

#[test]
fn rules_change_what_they_name_and_the_last_one_wins() {
    let text = format!(
        r#"{EVERYTHING}
        [[suites]]
        name = "other"
        run = "other"
        [[rules]]
        range = "..v1"
        suite = "unit"
        run = ["old"]
        env = {{ LANG = "de", OLD = "1" }}
        results = []
        work-dir = ""
        toolchain = []
        [[rules]]
        range = "..v2"
        run = "older"
        "#
    );
    let settings = Sandbox::with(text).good().settings;
    let [first, second] = settings.rules.as_slice() else {
        panic!("not two rules");
    };
    assert_eq!((first.range(), first.suite()), ("..v1", Some("unit")));
    assert_eq!((second.range(), second.suite()), ("..v2", None));
    assert!(second.applies_to("other") && !first.applies_to("other"));

    let changed = first.apply(&settings.suites[0]);
    let suite = changed.to_suite();
    assert_eq!(suite.run, CommandLine::Argv(words("old")));
    let env: Vec<_> = suite.env.iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(env, ["EMPTY=", "LANG=de", "OLD=1"]);
    assert_eq!((suite.results.len(), suite.work_dir.as_str()), (0, ""));
    assert!(changed.toolchain().is_empty());
    assert_eq!(suite.build, settings.suites[0].to_suite().build);

    assert_eq!(first.apply(&settings.suites[1]), settings.suites[1]);
    let both = second.apply(&changed).to_suite();
    assert_eq!(both.run, CommandLine::Shell("older".to_owned()));
}

#[test]
fn the_overlay_names_files_that_are_read_later() {
    let text = r#"
        [overlay]
        files = { "tests/new.py" = "newer/test.py", "b" = "/abs/b" }
        patches = ["p.patch"]
    "#;
    let sandbox = Sandbox::with(text);
    let overlay = sandbox.good().settings.overlay;
    let repo = sandbox.root().join("repo");
    assert_eq!(overlay.files["tests/new.py"], repo.join("newer/test.py"));
    assert_eq!(overlay.files["b"], PathBuf::from("/abs/b"));
    assert_eq!(overlay.patches, [repo.join("p.patch")]);
    assert!(!overlay.is_empty());
    assert!(Sandbox::new().good().settings.overlay.is_empty());
}

#[test]
fn the_old_layout_is_read_and_its_new_form_shown() {
    let old = r#"
jobs = 2

[[test_runners]]
name = "unit"
command = "make test"
output_dir = "out/[x]"

[[test_runners]]
name = "slow"
command = ["make", "slow"]
"#;
    let config = Sandbox::with(old).good();
    let [unit, slow] = config.settings.suites.as_slice() else {
        panic!("not two suites");
    };
    assert_eq!(
        unit.to_suite().run,
        CommandLine::Shell("make test".to_owned())
    );
    assert_eq!(
        unit.to_suite().results,
        [ResultSource {
            format: ResultFormat::Auto,
            location: ResultLocation::Files("out/[[]x[]]/**/*".to_owned()),
        }]
    );
    assert_eq!(slow.to_suite().run, CommandLine::Argv(words("make slow")));
    assert_eq!(unit.origin().to_string(), "retro.toml:4");
    let [warning] = config.warnings.as_slice() else {
        panic!("not one warning");
    };
    insta::assert_snapshot!(warning);

    // The new form that the warning shows means the same.
    let (_, new) = warning.split_once("\n\n").expect("the new form");
    let suites = Sandbox::with(new).good().settings.suites;
    let plain = |suites: &[retro_bootstrap::config::SuiteConfig]| -> Vec<Suite> {
        suites.iter().map(|suite| suite.to_suite()).collect()
    };
    assert_eq!(plain(&suites), plain(&config.settings.suites));
}
