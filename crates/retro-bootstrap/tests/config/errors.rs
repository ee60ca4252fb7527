use proptest::prelude::*;

use crate::sandbox::Sandbox;

/// Every way of getting `retro.toml` wrong that has its own message.
const WRONG_FILES: &[(&str, &str)] = &[
    ("not TOML", "jobs = \n"),
    ("a key twice", "jobs = 1\njobs = 2\n"),
    ("an unknown key", "order = \"newest\"\njob = 4\n"),
    ("a key with the wrong hyphen", "fail_on = \"any\"\n"),
    ("a key like no other", "xyzzy = 1\n"),
    (
        "an unknown key of a table",
        "[slots]\nsubmodule = \"skip\"\n",
    ),
    ("a key of another table", "max-age = \"1d\"\n"),
    (
        "an unknown key of a suite",
        "[[suites]]\nname = \"a\"\nrun = \"b\"\nbuil = \"c\"\n",
    ),
    (
        "a top key below a table",
        "[[suites]]\nname = \"a\"\nrun = \"b\"\njobs = 2\n",
    ),
    (
        "an unknown key of results",
        "[[suites]]\nname = \"a\"\nrun = \"b\"\nresults = [{ pth = \"x\" }]\n",
    ),
    (
        "an unknown key of a rule",
        "[[rules]]\nrange = \"a..b\"\nenvv = { A = \"1\" }\n",
    ),
    (
        "an unknown key of the old layout",
        "[[test_runners]]\nname = \"a\"\ncommand = \"b\"\noutputdir = \"c\"\n",
    ),
    ("a text for a number", "retries = \"two\"\n"),
    ("a number for a text", "order = 1\n"),
    ("a negative number", "retries = -1\n"),
    ("no jobs", "jobs = 0\n"),
    ("jobs in words", "jobs = \"many\"\n"),
    ("a list for a table", "slots = []\n"),
    ("a table for a list", "[suites]\nname = \"a\"\n"),
    ("an unknown word", "order = \"newst\"\n"),
    ("a duration without a unit", "timeout = \"90\"\n"),
    ("a number as a duration", "timeout = 90\n"),
    (
        "a variable that git-retro sets",
        "[[suites]]\nname = \"a\"\nrun = \"b\"\nenv = { RETRO_COMMIT = \"1\" }\n",
    ),
    ("a duration of zero", "[gc]\nmax-age = \"0d\"\n"),
    ("a size without a unit", "log-cap = \"64\"\n"),
    ("a suite without a name", "[[suites]]\nrun = \"a\"\n"),
    ("a suite without a command", "[[suites]]\nname = \"a\"\n"),
    ("an empty name", "[[suites]]\nname = \" \"\nrun = \"a\"\n"),
    ("an empty command", "[[suites]]\nname = \"a\"\nrun = []\n"),
    ("an empty line", "[[suites]]\nname = \"a\"\nrun = \"\"\n"),
    (
        "a command that is a number",
        "[[suites]]\nname = \"a\"\nrun = 1\n",
    ),
    (
        "an argument that is a number",
        "[[suites]]\nname = \"a\"\nrun = [\"sleep\", 1]\n",
    ),
    (
        "two suites of one name",
        "[[suites]]\nname = \"a\"\nrun = \"b\"\n\n[[suites]]\nname = \"a\"\nrun = \"c\"\n",
    ),
    (
        "a bad glob",
        "[[suites]]\nname = \"a\"\nrun = \"b\"\nresults = [{ path = \"out/[a\" }]\n",
    ),
    (
        "an absolute results path",
        "[[suites]]\nname = \"a\"\nrun = \"b\"\nresults = [{ path = \"/out/*\" }]\n",
    ),
    (
        "a results path that leaves",
        "[[suites]]\nname = \"a\"\nrun = \"b\"\nresults = [{ path = \"../*\" }]\n",
    ),
    (
        "results nowhere",
        "[[suites]]\nname = \"a\"\nrun = \"b\"\nresults = [{ format = \"tap\" }]\n",
    ),
    (
        "results in two places",
        "[[suites]]\nname = \"a\"\nrun = \"b\"\nresults = [{ path = \"x\", stdout = true }]\n",
    ),
    (
        "an unknown format",
        "[[suites]]\nname = \"a\"\nrun = \"b\"\nresults = [{ format = \"junitxml\", path = \"x\" }]\n",
    ),
    (
        "a work-dir that leaves",
        "[[suites]]\nname = \"a\"\nrun = \"b\"\nwork-dir = \"a/../..\"\n",
    ),
    (
        "an absolute work-dir",
        "[[suites]]\nname = \"a\"\nrun = \"b\"\nwork-dir = \"/tmp\"\n",
    ),
    (
        "everything allowed",
        "[[suites]]\nname = \"a\"\nrun = \"b\"\nenv-allow = [\"*\"]\n",
    ),
    (
        "a variable with an equals sign",
        "[[suites]]\nname = \"a\"\nrun = \"b\"\nenv = { \"A=B\" = \"1\" }\n",
    ),
    (
        "a fixed variable that is a number",
        "[[suites]]\nname = \"a\"\nrun = \"b\"\nenv = { A = 1 }\n",
    ),
    (
        "a large exit code",
        "[[suites]]\nname = \"a\"\nrun = \"b\"\nskip-exit-codes = [99999999999]\n",
    ),
    (
        "a rule for a suite that is not there",
        "[[suites]]\nname = \"unit\"\nrun = \"b\"\n[[rules]]\nrange = \"a..b\"\nsuite = \"units\"\n",
    ),
    (
        "a rule with an option for a range",
        "[[rules]]\nrange = \"--all\"\n",
    ),
    ("a rule without a range", "[[rules]]\nrun = \"a\"\n"),
    (
        "an absolute overlay",
        "[overlay]\nfiles = { \"/etc/x\" = \"y\" }\n",
    ),
    (
        "an overlay that leaves",
        "[overlay]\nfiles = { \"../x\" = \"y\" }\n",
    ),
    (
        "an overlay in .git",
        "[overlay]\nfiles = { \".git/hooks/x\" = \"y\" }\n",
    ),
    (
        "an overlay without a file",
        "[overlay]\nfiles = { \"\" = \"y\" }\n",
    ),
    ("a patch without a name", "[overlay]\npatches = [\"\"]\n"),
    ("a glob to keep that leaves", "[slots]\nkeep = [\"../x\"]\n"),
    (
        "both layouts",
        "[[suites]]\nname = \"a\"\nrun = \"b\"\n[[test_runners]]\nname = \"c\"\ncommand = \"d\"\n",
    ),
    (
        "an unknown key of tasks",
        "[task]\nrun-branch-prefx = \"x\"\n",
    ),
    (
        "an unknown key of an executor",
        "[task.executor]\ncommand = \"x\"\nenv_alow = []\n",
    ),
    (
        "an unknown key of a suite of tasks",
        "[task]\nsuites = [{ name = \"a\", run = \"b\", timeut = \"1m\" }]\n",
    ),
    (
        "an executor without a command",
        "[task.executor]\nprompt = \"stdin\"\n",
    ),
    ("an executor that is off", "[task]\nexecutor = false\n"),
    ("an executor without a word", "[task]\nexecutor = []\n"),
    (
        "a prompt that goes elsewhere",
        "[task.executor]\ncommand = \"x\"\nprompt = \"argv\"\n",
    ),
    ("a build that is on", "[task]\nbuild = true\n"),
    (
        "suites of tasks in a table",
        "[task.suites]\nname = \"a\"\n",
    ),
    (
        "a prefix that git refuses",
        "[task]\nrun-branch-prefix = \"a b\"\n",
    ),
    ("an unknown fact", "[task]\ncommit-template = \"{titel}\"\n"),
    (
        "a playbook that leaves",
        "[task]\nplaybook-path = \"../x\"\n",
    ),
    ("a deploy to nowhere", "[task.deploy]\noutput = \"dist\"\n"),
    (
        "a deploy of everything",
        "[task.deploy]\noutput = \".\"\nprefix = \"x\"\n",
    ),
    ("an approval without end", "[task]\napproval = \"none\"\n"),
    ("an approval of a number", "[task]\napproval = 8\n"),
    (
        "a title with an unknown fact",
        "[task.pull-request]\ntitle = \"{name}\"\n",
    ),
    ("a home that is not known", "data-dir = \"~/x\"\n"),
    ("another user's home", "data-dir = \"~bob/x\"\n"),
    (
        "a mark behind wide letters and a tab",
        "[slots]\n\tkeep = [\"häß\", \"/x\"]\n",
    ),
];

#[test]
fn every_wrong_file_is_explained() {
    let mut text = String::new();
    for (what, file) in WRONG_FILES {
        let shown = Sandbox::with(file).bad();
        text.push_str(&format!("## {what}\n{shown}\n"));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn every_wrong_file_is_explained_at_a_line() {
    for (what, file) in WRONG_FILES {
        let error = Sandbox::with(file).load().expect_err(what);
        let shown = error.to_string();
        let (path, rest) = shown.split_once(':').expect(what);
        assert_eq!(path, "retro.toml", "{what}");
        let line = rest.split(':').next().and_then(|line| line.parse().ok());
        let lines = file.lines().count();
        assert!(
            line.is_some_and(|line: usize| (1..=lines).contains(&line)),
            "{what}: {shown}"
        );
    }
}

#[test]
fn wrong_variables_and_flags_are_explained() {
    let mut text = String::new();
    for (name, value) in [
        ("RETRO_JOB", "4"),
        ("RETRO_XYZZY", "4"),
        ("RETRO_JOBS", "many"),
        ("RETRO_JOBS", "0"),
        ("RETRO_JOBS", ""),
        ("RETRO_RETRIES", "-1"),
        ("RETRO_RETRIES", "99999999999"),
        ("RETRO_ORDER", "newst"),
        ("RETRO_CACHE", "maybe"),
        ("RETRO_TIMEOUT", "10"),
        ("RETRO_SLOTS_KEEP", "a,../b"),
        ("RETRO_GC_MAX_SIZE", "big"),
        ("RETRO_DATA_DIR", "~/x"),
        ("RETRO_TASK_BUILD", "true"),
        ("RETRO_TASK_PUSH", "later"),
        ("RETRO_TASK_PUSHED", "true"),
        ("RETRO_CONFIG", "/nonexistent/retro.toml"),
    ] {
        let shown = Sandbox::new().variable(name, value).bad();
        text.push_str(&format!("## {name}={value}\n{shown}\n"));
    }
    let mut sandbox = Sandbox::new();
    sandbox.flags.timeout = Some("10".to_owned());
    text.push_str(&format!("## --timeout 10\n{}", sandbox.bad()));
    insta::assert_snapshot!(text);
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text_is_explained() {
    use std::os::unix::ffi::OsStringExt;
    let mut sandbox = Sandbox::new();
    let value = std::ffi::OsString::from_vec(vec![0xff]);
    sandbox.env.insert("RETRO_ORDER".into(), value);
    assert_eq!(
        sandbox.bad(),
        "error: the value is not valid UTF-8\n  in the environment variable RETRO_ORDER\n"
    );
}

#[test]
fn files_that_cannot_be_read_are_explained() {
    let mut text = String::new();
    let mut note = |what: &str, sandbox: Sandbox| {
        text.push_str(&format!("## {what}\n{}\n", sandbox.bad()));
    };
    note(
        "two files",
        Sandbox::with("").file("repo/.config/retro.toml", ""),
    );
    note("not UTF-8", Sandbox::with(b"jobs = 1\n# \xff\n"));
    note("too large", Sandbox::with(vec![b'\n'; (4 << 20) + 1]));
    let folder = Sandbox::new();
    std::fs::create_dir(folder.root().join("repo/retro.toml")).expect("a writable folder");
    note("a folder", folder);
    note(
        "wrong in the user's file",
        Sandbox::new().file("user/config.toml", "job = 1\n"),
    );
    let missing = Sandbox::new()
        .load_file(Some("nowhere.toml"))
        .expect_err("missing");
    text.push_str(&format!(
        "## a named file that is missing\n{}\n",
        missing.what()
    ));
    insta::assert_snapshot!(text);
}

#[cfg(unix)]
#[test]
fn a_link_to_nowhere_is_not_taken_for_no_file() {
    let sandbox = Sandbox::new();
    let link = sandbox.root().join("repo/retro.toml");
    std::os::unix::fs::symlink("/nonexistent", link).expect("a writable folder");
    assert!(sandbox.bad().contains("does not exist"));
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_do_no_harm() {
    let config = Sandbox::with("\u{feff}jobs = 3\r\norder = \"oldest\"\r\n").good();
    assert_eq!(config.settings.jobs.map(u32::from), Some(3));
    let origin = config.origin("order").map(ToString::to_string);
    assert_eq!(origin.as_deref(), Some("retro.toml:2"));
}

#[test]
fn deep_nesting_is_an_error_and_no_overflow() {
    let deep = format!("jobs = {}1{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(Sandbox::with(deep).load().is_err());
    let deep = format!("[{}a]\nb = 1", "a.".repeat(100_000));
    assert!(Sandbox::with(deep).load().is_err());
}

/// Text that is often nearly right, so that it gets past the first check.
fn nearly_a_file() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "jobs",
        "order",
        "suites",
        "rules",
        "slots",
        "gc",
        "overlay",
        "files",
        "name",
        "run",
        "results",
        "test_runners",
        "keep",
        "max-age",
        "path",
        "env",
        "=",
        " = ",
        "\n",
        "[",
        "]",
        "[[",
        "]]",
        "{",
        "}",
        ",",
        ".",
        "\"",
        "'",
        "'''",
        "#",
        "\"a\"",
        "\"../x\"",
        "1",
        "-1",
        "1.5",
        "true",
        "\"1h\"",
        "\"auto\"",
        "\u{e9}",
        "\t",
        "1979-05-27",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_makes_the_loader_panic(text in prop_oneof![".*", nearly_a_file()]) {
        if let Err(error) = Sandbox::with(&text).load() {
            prop_assert!(!error.report().is_empty());
            prop_assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn no_change_of_one_byte_makes_the_loader_panic(at in 0usize..2000, byte in 0u8..128) {
        let mut text = WRONG_FILES
            .iter()
            .map(|(_, file)| *file)
            .collect::<String>()
            .into_bytes();
        let at = at % text.len();
        text[at] = byte;
        let start = text[..at].iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
        let _ = Sandbox::with(&text[start..]).load();
    }

    #[test]
    fn no_variable_makes_the_loader_panic(
        key in prop::sample::select(retro_bootstrap::config::KEYS),
        value in ".*",
    ) {
        let value = value.replace('\0', "");
        let _ = Sandbox::new().variable(&key.variable(), &value).load();
    }
}
