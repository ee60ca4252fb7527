use super::*;

fn suite() -> Suite {
    Suite::new(
        "unit",
        CommandLine::Argv(vec!["cargo".into(), "test".into()]),
    )
}

/// The pinned value: if this test fails, every user's cache is thrown away.
#[test]
fn the_fingerprint_is_pinned() {
    assert_eq!(
        suite().fingerprint().0.to_string(),
        "337654701a05eee2bd4ba62524c797ed548a13c46a23294ef49b8cbd87231eec"
    );
}

#[test]
fn every_field_takes_part_in_the_fingerprint() {
    let changes: Vec<fn(&mut Suite)> = vec![
        |s| s.name = "other".into(),
        |s| s.build = Some(CommandLine::Shell("make".into())),
        |s| s.build = Some(CommandLine::Argv(vec!["make".into()])),
        |s| s.run = CommandLine::Argv(vec!["cargo test".into()]),
        |s| s.run = CommandLine::Shell("cargo test".into()),
        |s| {
            s.results.push(ResultSource {
                format: ResultFormat::Tap,
                location: ResultLocation::Stdout,
            })
        },
        |s| {
            s.results.push(ResultSource {
                format: ResultFormat::Tap,
                location: ResultLocation::Files("*.tap".into()),
            })
        },
        |s| s.work_dir = "sub".into(),
        |s| s.build_timeout = None,
        |s| s.timeout = None,
        |s| s.timeout = Some(Duration::from_secs(1)),
        |s| s.skip_exit_codes = vec![],
        |s| s.env_allow = vec!["A".into()],
        |s| drop(s.env.insert("A".into(), "1".into())),
        |s| drop(s.env.insert("A".into(), "2".into())),
        |s| s.retries = 1,
    ];
    let mut seen = vec![suite().fingerprint()];
    for change in changes {
        let mut changed = suite();
        change(&mut changed);
        assert!(
            !seen.contains(&changed.fingerprint()),
            "{changed:?} has a fingerprint seen before"
        );
        seen.push(changed.fingerprint());
    }
}

#[test]
fn commands_are_shown_as_a_person_would_type_them() {
    let argv = CommandLine::Argv(vec!["a".into(), "b c".into(), "it's".into(), String::new()]);
    assert_eq!(argv.to_string(), r"a 'b c' 'it'\''s' ''");
    assert_eq!(
        CommandLine::Shell("a | b".into()).argv(),
        ["sh", "-c", "a | b"]
    );
}
