use super::*;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn environment(pairs: &[(&str, &str)]) -> Environment {
    let needed = [
        ("REPO_URL", "https://example.com/o/r.git"),
        ("COMMIT_HASH_TO_PROCESS", COMMIT),
        ("DYNAMODB_TABLE_NAME", "jobs"),
        ("S3_BUCKET_NAME", "logs"),
        ("AWS_REGION", "us-east-1"),
    ];
    needed
        .iter()
        .chain(pairs)
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

fn faults(pairs: &[(&str, &str)]) -> Vec<String> {
    let (faults, _) = read(&environment(pairs)).expect_err("it has faults");
    faults.iter().map(Fault::to_string).collect()
}

#[test]
fn everything_that_is_missing_is_named_at_once() {
    let (faults, known) = read(&Environment::new()).unwrap_err();
    let variables: Vec<&str> = faults.iter().map(|fault| &*fault.variable).collect();
    let expected = [
        "REPO_URL",
        "COMMIT_HASH_TO_PROCESS",
        "DYNAMODB_TABLE_NAME",
        "S3_BUCKET_NAME",
        "AWS_REGION",
    ];
    assert_eq!(variables, expected);
    assert!(known.is_none());
}

#[test]
fn everything_that_is_malformed_is_named_at_once() {
    let said = faults(&[
        ("COMMIT_HASH_TO_PROCESS", "main"),
        ("TEST_COMMAND", "make check"),
        ("RETRO_PLAN", "s3://b/k"),
        ("RETRO_RESULTS", "junit:out/*.xml nope/ ok/*.tap"),
        ("RETRO_TIMEOUT_SECONDS", "1h"),
        ("RETRO_GIT_TOKEN", "a"),
        ("RETRO_GIT_TOKEN_FILE", "/b"),
    ]);
    assert_eq!(said.len(), 5, "{said:#?}");
    assert!(said[0].starts_with("COMMIT_HASH_TO_PROCESS is \"main\", which is not a full hash"));
    assert!(
        said.iter()
            .any(|fault| fault.contains("\"nope/\" can match no file")),
        "{said:#?}"
    );
}

#[test]
fn names_are_looked_at_beside_all_else() {
    let said = faults(&[
        ("COMMIT_HASH_TO_PROCESS", "main"),
        ("DYNAMODB_TABLE_NAME", "my table"),
        ("S3_BUCKET_NAME", "s3://logs"),
        ("S3_PREFIX", "a/.."),
        ("RETRO_SLOTS_SUBMODULES", "checkout"),
        ("RETRO_SLOTS_LFS", "checkout"),
        ("TEST_COMMAND", ""),
        ("RETRO_RESULTS", "junit:out/*.xml nope/"),
    ]);
    for expected in [
        "COMMIT_HASH_TO_PROCESS is",
        "DYNAMODB_TABLE_NAME is \"my table\", which is no name of a table",
        "S3_BUCKET_NAME is \"s3://logs\", which is no name of a bucket",
        "S3_PREFIX is \"a/..\", which is no folder",
        "RETRO_SLOTS_SUBMODULES is \"checkout\"",
        "RETRO_SLOTS_LFS is \"checkout\"",
        "RETRO_RESULTS has \"nope/\"",
        "RETRO_RESULTS is set without TEST_COMMAND",
    ] {
        let is_said = said.iter().any(|fault| fault.starts_with(expected));
        assert!(is_said, "{expected}: {said:#?}");
    }
    assert_eq!(said.len(), 8, "{said:#?}");
}

#[test]
fn owner_and_name_come_from_the_address() {
    for (url, repo) in [
        ("https://user:secret@example.com/o/r.git", "o/r"),
        ("http://example.com/group/sub/tool.git", "group/sub/tool"),
    ] {
        let config = read(&environment(&[("REPO_URL", url)])).unwrap();
        assert_eq!(
            (config.repo.to_string(), config.url.as_str()),
            (repo.to_owned(), url)
        );
    }
    let config = read(&environment(&[
        ("REPO_URL", "file:///srv/r.git"),
        ("REPO_OWNER", "o"),
    ]));
    let repo = config.unwrap().repo;
    assert!(repo.to_string().starts_with("o/r-"), "{repo}");
    let without = [("REPO_URL", ""), ("REPO_OWNER", "o"), ("REPO_NAME", "r")];
    let config = read(&environment(&without)).unwrap();
    assert_eq!(config.url, "https://github.com/o/r");
}

#[test]
fn what_is_run_is_a_command_a_plan_or_the_repositorys_own_suite() {
    let choice = |pairs: &[(&str, &str)]| read(&environment(pairs)).unwrap().suite;
    let command = [
        ("TEST_COMMAND", "make check | tee x"),
        ("RETRO_RESULTS", "tap:out/*.tap"),
        ("RETRO_TIMEOUT_SECONDS", "0"),
    ];
    let SuiteChoice::Command(suite) = choice(&command) else {
        panic!("a command was given");
    };
    assert_eq!(
        suite.run,
        CommandLine::Shell("make check | tee x".to_owned())
    );
    assert_eq!((suite.results.len(), suite.timeout), (1, None));
    let fingerprint = suite.fingerprint();
    let text = fingerprint.0.to_string();
    let plan = choice(&[
        ("RETRO_PLAN", "s3://b/batches/1/plan.json"),
        ("RETRO_SUITE", &text),
    ]);
    assert!(matches!(plan, SuiteChoice::Plan { suite: Some(known), .. } if known == fingerprint));
    assert!(matches!(choice(&[]), SuiteChoice::Repository(None)));
}

#[test]
fn a_job_with_faults_is_known_where_it_can_be() {
    let pairs = [("TEST_COMMAND", "true"), ("S3_BUCKET_NAME", "")];
    let (faults, known) = read(&environment(&pairs)).unwrap_err();
    assert_eq!(faults.len(), 1);
    let known = known.expect("all that makes a job is there");
    assert_eq!(
        (
            known.place.table.as_str(),
            known.commit.to_string().as_str()
        ),
        ("jobs", COMMIT)
    );
}

#[test]
fn the_token_does_not_show() {
    let config = read(&environment(&[("RETRO_GIT_TOKEN", "hush")])).unwrap();
    assert!(!format!("{config:?}").contains("hush"));
}

#[test]
fn an_address_of_ssh_is_refused_with_the_one_to_give_and_the_job_is_known() {
    for url in [
        "git@example.com:o/r.git",
        "ssh://git@example.com:22/o/r.git",
    ] {
        let pairs = [("REPO_URL", url), ("TEST_COMMAND", "true")];
        let (faults, known) = read(&environment(&pairs)).unwrap_err();
        let said = faults[0].to_string();
        assert!(said.contains("https://example.com/o/r.git"), "{said}");
        assert_eq!(known.unwrap().repo.to_string(), "o/r");
    }
}

#[test]
fn a_plan_that_cannot_be_one_leaves_the_job_known_by_its_suite() {
    let suite = "5".repeat(64);
    let pairs = [("RETRO_PLAN", "nowhere"), ("RETRO_SUITE", &suite)];
    let (faults, known) = read(&environment(&pairs)).unwrap_err();
    assert!(faults[0].to_string().starts_with("RETRO_PLAN is"));
    assert_eq!(known.unwrap().suite.0.to_string(), suite);
    let (_, known) = read(&environment(&[("RETRO_PLAN", "nowhere")])).unwrap_err();
    assert!(known.is_none());
}

#[test]
fn what_the_sdk_would_read_is_looked_at_first() {
    let said = faults(&[
        ("AWS_ENDPOINT_URL", "localhost:5000"),
        ("AWS_ENDPOINT_URL_S3", "nothing"),
        ("AWS_REGION", "us east"),
        ("S3_PREFIX", "/results"),
        ("TEST_COMMAND", "true"),
        ("RETRO_RESULTS", "tpa:*.tap foo:x.xml auto:foo:x.xml"),
    ]);
    for variable in [
        "AWS_ENDPOINT_URL is \"localhost:5000\", which is no address",
        "AWS_ENDPOINT_URL_S3 is \"nothing\"",
        "AWS_REGION is \"us east\", which is no region",
        "S3_PREFIX is \"/results\"",
        "there is no format \"tpa\"",
        "there is no format \"foo\"",
    ] {
        assert!(said.iter().any(|it| it.contains(variable)), "{said:#?}");
    }
    assert_eq!(said.len(), 6, "{said:#?}");
    // Nobody could be told that a job failed.
    let pairs = [("TEST_COMMAND", "true"), ("AWS_ENDPOINT_URL", "nowhere")];
    assert!(read(&environment(&pairs)).unwrap_err().1.is_none());
    let elsewhere = [("AWS_REGION", ""), ("AWS_DEFAULT_REGION", "eu-west-1")];
    let place = read(&environment(&elsewhere)).unwrap().place;
    assert_eq!(place.region.as_deref(), Some("eu-west-1"));
}
