//! What passes into a command's environment and what does not.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use proptest::prelude::*;

use super::{EnvironmentPolicy, Home, clean_environment, is_credential, redirects_git};

fn policy(allow: &[&str], home: Home) -> EnvironmentPolicy {
    let allow = allow.iter().map(|name| String::from(*name)).collect();
    EnvironmentPolicy {
        allow,
        fixed: BTreeMap::new(),
        home,
        tmp_dir: None,
    }
}

fn base(variables: &[(&str, &str)]) -> BTreeMap<OsString, OsString> {
    variables
        .iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

fn own() -> Home {
    Home::Own("/own".into())
}

#[track_caller]
fn check(
    variables: &[(&str, &str)],
    policy: &EnvironmentPolicy,
    exists: &dyn Fn(&Path) -> bool,
    expected: &[(&str, Option<&str>)],
) {
    let clean = clean_environment(&base(variables), policy, exists);
    for (name, value) in expected {
        let mut found = clean
            .iter()
            .filter(|(other, _)| other == name)
            .map(|(_, value)| value);
        assert_eq!(
            found.next().and_then(|value| value.to_str()),
            *value,
            "{name}"
        );
        assert_eq!(found.next(), None, "{name} occurs twice");
    }
}

#[test]
fn the_base_set_passes_and_nothing_else() {
    let variables = [
        ("PATH", "/bin"),
        ("LANG", "C"),
        ("LC_ALL", "C.UTF-8"),
        ("TZ", "UTC"),
        ("TERM", "xterm"),
        ("TMPDIR", "/t"),
        ("CI", "true"),
        ("GITHUB_ACTIONS", "true"),
        ("EDITOR", "vi"),
        ("SSH_AUTH_SOCK", "/s"),
    ];
    let expected = [
        ("PATH", Some("/bin")),
        ("LANG", Some("C")),
        ("LC_ALL", Some("C.UTF-8")),
        ("TZ", Some("UTC")),
        ("TERM", Some("dumb")),
        ("TMPDIR", Some("/t")),
        ("CI", None),
        ("GITHUB_ACTIONS", None),
        ("EDITOR", None),
        ("SSH_AUTH_SOCK", None),
    ];
    check(&variables, &policy(&[], own()), &|_| false, &expected);
    check(&variables, &policy(&[], Home::User), &|_| false, &expected);
}

#[test]
fn credentials_pass_by_their_exact_name_only() {
    let variables = [
        ("AWS_SECRET_ACCESS_KEY", "a"),
        ("AWS_REGION", "b"),
        ("APP_TOKEN", "c"),
        ("APP_MODE", "d"),
    ];
    let (a, b, c, d) = (Some("a"), Some("b"), Some("c"), Some("d"));
    let names = variables.map(|(name, _)| name);
    let check = |allow: &[&str], values: [Option<&str>; 4]| {
        let expected: Vec<_> = names.into_iter().zip(values).collect();
        check(&variables, &policy(allow, own()), &|_| false, &expected);
    };
    check(&[], [None, None, None, None]);
    check(&["*"], [None, None, None, d]);
    check(&["AWS_*", "APP_*"], [None, None, None, d]);
    check(&["AWS_REGION", "APP_TOKEN"], [None, b, c, None]);
    check(&["AWS_SECRET_ACCESS_KEY", "A*"], [a, None, None, d]);
}

#[test]
fn nothing_points_git_at_another_repository() {
    let names = [
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_COMMON_DIR",
        "GIT_CONFIG_KEY_7",
    ];
    let variables = names.map(|name| (name, "/elsewhere"));
    let mut policy = policy(&["GIT_DIR", "GIT_*", "*"], own());
    policy.fixed.insert("GIT_DIR".into(), "/fixed".into());
    check(
        &variables,
        &policy,
        &|_| true,
        &names.map(|name| (name, None)),
    );
}

#[test]
fn git_neither_asks_nor_runs_hooks() {
    let expected = [
        ("GIT_TERMINAL_PROMPT", Some("0")),
        ("GIT_CONFIG_NOSYSTEM", Some("1")),
        ("GIT_CONFIG_COUNT", Some("2")),
        ("GIT_CONFIG_KEY_0", Some("core.hooksPath")),
        ("GIT_CONFIG_KEY_1", Some("core.fsmonitor")),
        ("GIT_CONFIG_VALUE_1", Some("false")),
        ("GIT_AUTHOR_NAME", None),
    ];
    let variables = [("GIT_TERMINAL_PROMPT", "1"), ("GIT_AUTHOR_NAME", "me")];
    check(&variables, &policy(&[], Home::User), &|_| false, &expected);
}

#[test]
fn a_suite_that_tests_hooks_can_have_them() {
    let mut policy = policy(&[], own());
    policy.fixed.insert("GIT_CONFIG_COUNT".into(), "0".into());
    check(&[], &policy, &|_| false, &[("GIT_CONFIG_COUNT", Some("0"))]);
}

#[test]
fn an_own_home_keeps_the_users_toolchains_and_caches_in_reach() {
    let variables = [
        ("HOME", "/home/me"),
        ("XDG_CACHE_HOME", "/cache"),
        ("XDG_RUNTIME_DIR", "/run/me"),
        ("RUSTUP_HOME", "/opt/rustup"),
    ];
    let expected = [
        ("HOME", Some("/own")),
        ("XDG_CONFIG_HOME", Some("/own/.config")),
        ("XDG_CACHE_HOME", Some("/own/.cache")),
        ("XDG_RUNTIME_DIR", None),
        ("CARGO_HOME", Some("/home/me/.cargo")),
        ("RUSTUP_HOME", Some("/opt/rustup")),
        ("PIP_CACHE_DIR", Some("/cache/pip")),
        ("PYENV_ROOT", None),
        (
            "MAVEN_ARGS",
            Some("-Dmaven.repo.local=/home/me/.m2/repository"),
        ),
    ];
    let there = ["/home/me/.cargo", "/cache/pip", "/home/me/.m2/repository"];
    let exists = |path: &Path| there.iter().any(|known| path == Path::new(known));
    check(&variables, &policy(&[], own()), &exists, &expected);
}

#[test]
fn the_users_home_passes_as_it_is() {
    let variables = [
        ("HOME", "/home/me"),
        ("XDG_CACHE_HOME", "/cache"),
        ("XDG_RUNTIME_DIR", "/run/me"),
    ];
    let expected = [
        ("HOME", Some("/home/me")),
        ("XDG_CACHE_HOME", Some("/cache")),
        ("XDG_RUNTIME_DIR", Some("/run/me")),
        ("CARGO_HOME", None),
    ];
    check(&variables, &policy(&[], Home::User), &|_| true, &expected);
}

#[test]
fn fixed_variables_and_the_temporary_folder_win() {
    let mut policy = policy(&[], own());
    policy.tmp_dir = Some("/slot/tmp".into());
    policy.fixed = [("PATH", "/only"), ("TERM", "xterm")]
        .map(|(name, value)| (name.into(), value.into()))
        .into();
    let expected = [
        ("PATH", Some("/only")),
        ("TERM", Some("xterm")),
        ("TMPDIR", Some("/slot/tmp")),
    ];
    check(
        &[("PATH", "/bin"), ("TMPDIR", "/t")],
        &policy,
        &|_| false,
        &expected,
    );
}

#[test]
fn names_of_credentials_are_told_from_names_that_resemble_them() {
    let check =
        |name: &str, expected| assert_eq!(is_credential(OsStr::new(name)), expected, "{name}");
    for name in [
        "GITHUB_TOKEN",
        "GH_TOKEN",
        "NPM_TOKEN",
        "npm_config__authToken",
        "AWS_ACCESS_KEY_ID",
        "AWS_PROFILE",
        "AZURE_CLIENT_ID",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "SSH_AUTH_SOCK",
        "DATABASE_PASSWORD",
        "PGPASSWORD",
        "KUBECONFIG",
        "MYSECRET",
        "SENTRY_DSN",
        "API_KEY",
        "CARGO_REGISTRY_TOKEN",
    ] {
        check(name, true);
    }
    for name in [
        "PATH",
        "TOKENIZERS_PARALLELISM",
        "KEYBOARD",
        "APP_MODE",
        "RUSTFLAGS",
        "AUTHOR",
    ] {
        check(name, false);
    }
}

proptest! {
    /// Whatever the caller has and allows by pattern: no credential and no repository passes, names
    /// are sorted and occur once.
    #[test]
    fn no_pattern_lets_a_credential_through(
        names in proptest::collection::vec("[A-Z]{1,3}_?(TOKEN|KEY|DIR|MODE|GIT_DIR)?", 0..12),
        allow in proptest::collection::vec("[A-Z]{0,2}_?\\*", 0..4),
    ) {
        let variables = names.iter().map(|name| (name.into(), "value".into())).collect();
        let allow: Vec<&str> = allow.iter().map(String::as_str).collect();
        let clean = clean_environment(&variables, &policy(&allow, own()), &|_| false);
        prop_assert!(clean.windows(2).all(|pair| pair[0].0 < pair[1].0));
        for (name, value) in &clean {
            if value == "value" {
                prop_assert!(!is_credential(name) && !redirects_git(name), "{name:?}");
            }
        }
    }
}
