use std::path::PathBuf;

use retro_bootstrap::Origin;
use retro_bootstrap::config::{ColorMode, Extra, FailOn, HomeMode, KEYS, Order, Verbosity};

use crate::sandbox::Sandbox;

/// For each key: a value for the user's file, the repository's, the environment and the flags, in
/// TOML; all different where the key allows it.
const VALUES: &[(&str, [&str; 4])] = &[
    ("jobs", ["2", "3", "4", "5"]),
    (
        "order",
        ["\"oldest\"", "\"spread\"", "\"oldest\"", "\"spread\""],
    ),
    ("cache", ["false", "true", "false", "true"]),
    ("fail-on", ["\"any\"", "\"flaky\"", "\"none\"", "\"new\""]),
    ("fail-fast", ["true", "false", "true", "false"]),
    ("retries", ["1", "2", "3", "4"]),
    ("timeout", ["\"1m\"", "\"2m\"", "\"3m\"", "\"4m\""]),
    ("build-timeout", ["\"1m\"", "\"2m\"", "\"3m\"", "\"none\""]),
    ("time-limit", ["\"1m\"", "\"2m\"", "\"3m\"", "\"4m\""]),
    ("data-dir", ["\"/a\"", "\"/b\"", "\"/c\"", "\"/d\""]),
    ("cache-dir", ["\"/a\"", "\"/b\"", "\"/c\"", "\"/d\""]),
    ("home", ["\"user\"", "\"own\"", "\"user\"", "\"own\""]),
    ("log-cap", ["\"1MiB\"", "\"2MiB\"", "\"3MiB\"", "\"none\""]),
    (
        "color",
        ["\"always\"", "\"never\"", "\"always\"", "\"never\""],
    ),
    (
        "verbosity",
        ["\"quiet\"", "\"verbose\"", "\"debug\"", "\"quiet\""],
    ),
    (
        "slots.keep",
        ["[\"a\"]", "[\"b\", \"c/**\"]", "[\"d\", \"e\"]", "[\"f\"]"],
    ),
    (
        "slots.submodules",
        ["\"checkout\"", "\"skip\"", "\"checkout\"", "\"skip\""],
    ),
    (
        "slots.lfs",
        ["\"checkout\"", "\"skip\"", "\"checkout\"", "\"skip\""],
    ),
    ("slots.clean", ["true", "false", "true", "false"]),
    ("gc.max-age", ["\"1d\"", "\"2d\"", "\"3d\"", "\"none\""]),
    ("gc.max-size", ["\"1GB\"", "\"2GB\"", "\"3GB\"", "\"4GB\""]),
    ("aws.table", ["\"a\"", "\"b\"", "\"c\"", "\"d\""]),
    ("aws.bucket", ["\"a\"", "\"b\"", "\"c\"", "\"d\""]),
    ("aws.prefix", ["\"a\"", "\"b\"", "\"c\"", "\"d\""]),
    ("aws.state-machine", ["\"a\"", "\"b\"", "\"c\"", "\"d\""]),
    ("aws.region", ["\"a\"", "\"b\"", "\"c\"", "\"d\""]),
    ("aws.profile", ["\"a\"", "\"b\"", "\"c\"", "\"d\""]),
    ("aws.endpoint", ["\"a\"", "\"b\"", "\"c\"", "\"d\""]),
    ("aws.toolchain", ["\"a\"", "\"b\"", "\"c\"", "\"d\""]),
    ("aws.job-time", ["\"1m\"", "\"2m\"", "\"3m\"", "\"4m\""]),
    ("aws.max-cost-usd", ["1.0", "2.5", "\"none\"", "4.0"]),
    ("aws.vcpu", ["1.5", "2.5", "3.5", "4.5"]),
    ("aws.memory-gb", ["1.5", "2.5", "3.5", "4.5"]),
    ("aws.disk-gb", ["1.5", "2.5", "3.5", "4.5"]),
    ("aws.usd-vcpu-hour", ["1.5", "2.5", "3.5", "4.5"]),
    ("aws.usd-memory-gb-hour", ["1.5", "2.5", "3.5", "4.5"]),
    ("aws.usd-disk-gb-hour", ["1.5", "2.5", "3.5", "4.5"]),
    ("aws.usd-thousand-transitions", ["1.5", "2.5", "3.5", "4.5"]),
    ("task.run-branch-prefix", ["\"a\"", "\"b/c\"", "\"x\"", ""]),
    (
        "task.commit-template",
        ["\"{title}\"", "\"auto\"", "\"b\"", ""],
    ),
    ("task.timeout", ["\"1m\"", "\"2m\"", "\"3m\"", ""]),
    ("task.playbook-path", ["\"a\"", "\"b\"", "\"c/d\"", ""]),
    (
        "task.executor",
        ["\"a {prompt_file}\"", "[\"b\", \"c\"]", "\"d\"", ""],
    ),
    ("task.build", ["\"a\"", "false", "\"make all\"", ""]),
    ("task.suites", ["false", "[\"a\"]", "[\"b\", \"c\"]", ""]),
    ("task.push", ["false", "true", "false", ""]),
    (
        "task.pull-request",
        ["true", "{ draft = false }", "true", ""],
    ),
    (
        "task.approval",
        ["true", "{ deadline = \"1h\" }", "\"2h\"", ""],
    ),
];

fn value(toml: &str) -> toml::Value {
    let table: toml::Table = toml::from_str(&format!("x = {toml}")).expect("TOML");
    table["x"].clone()
}

/// The text of an environment variable with this value.
fn plain(toml: &str) -> String {
    match value(toml) {
        toml::Value::String(text) => text,
        toml::Value::Array(items) => {
            let texts: Vec<&str> = items.iter().filter_map(toml::Value::as_str).collect();
            texts.join(",")
        }
        other => other.to_string(),
    }
}

fn set_flag(sandbox: &mut Sandbox, key: &str, toml: &str) {
    let flags = &mut sandbox.flags;
    let text = || Some(plain(toml));
    let switch = || value(toml).as_bool();
    let number = || value(toml).as_float();
    match key {
        "jobs" => flags.jobs = plain(toml).parse().ok(),
        "order" => flags.order = plain(toml).parse::<Order>().ok(),
        "cache" => flags.cache = switch(),
        "fail-on" => flags.fail_on = plain(toml).parse::<FailOn>().ok(),
        "fail-fast" => flags.fail_fast = switch(),
        "retries" => flags.retries = plain(toml).parse().ok(),
        "timeout" => flags.timeout = text(),
        "build-timeout" => flags.build_timeout = text(),
        "time-limit" => flags.time_limit = text(),
        "data-dir" => flags.data_dir = text().map(PathBuf::from),
        "cache-dir" => flags.cache_dir = text().map(PathBuf::from),
        "home" => flags.home = plain(toml).parse::<HomeMode>().ok(),
        "log-cap" => flags.log_cap = text(),
        "color" => flags.color = plain(toml).parse::<ColorMode>().ok(),
        "verbosity" => flags.verbosity = plain(toml).parse::<Verbosity>().ok(),
        "slots.keep" => flags.keep = Some(vec![plain(toml)]),
        "slots.submodules" => flags.submodules = plain(toml).parse::<Extra>().ok(),
        "slots.lfs" => flags.lfs = plain(toml).parse::<Extra>().ok(),
        "slots.clean" => flags.clean = switch(),
        "gc.max-age" => flags.max_age = text(),
        "gc.max-size" => flags.max_size = text(),
        "aws.table" => flags.aws.table = text(),
        "aws.bucket" => flags.aws.bucket = text(),
        "aws.prefix" => flags.aws.prefix = text(),
        "aws.state-machine" => flags.aws.state_machine = text(),
        "aws.region" => flags.aws.region = text(),
        "aws.profile" => flags.aws.profile = text(),
        "aws.endpoint" => flags.aws.endpoint = text(),
        "aws.toolchain" => flags.aws.toolchain = text(),
        "aws.job-time" => flags.aws.job_time = text(),
        "aws.max-cost-usd" => flags.aws.max_cost_usd = number(),
        "aws.vcpu" => flags.aws.vcpu = number(),
        "aws.memory-gb" => flags.aws.memory_gb = number(),
        "aws.disk-gb" => flags.aws.disk_gb = number(),
        "aws.usd-vcpu-hour" => flags.aws.usd_vcpu_hour = number(),
        "aws.usd-memory-gb-hour" => flags.aws.usd_memory_gb_hour = number(),
        "aws.usd-disk-gb-hour" => flags.aws.usd_disk_gb_hour = number(),
        "aws.usd-thousand-transitions" => flags.aws.usd_thousand_transitions = number(),
        other => panic!("no flag for {other}"),
    }
}

#[test]
fn each_layer_goes_over_the_one_below_for_every_key() {
    assert_eq!(
        KEYS.iter().map(|key| key.name).collect::<Vec<_>>(),
        VALUES.iter().map(|(key, _)| *key).collect::<Vec<_>>(),
    );
    for (key, values) in VALUES {
        let info = KEYS.iter().find(|info| info.name == *key).expect("a key");
        let highest = if info.flag.is_some() { 4 } else { 3 };
        for layers in 0..=highest {
            let mut sandbox = Sandbox::new();
            if layers >= 1 {
                sandbox = sandbox.file("user/config.toml", format!("\n{key} = {}", values[0]));
            }
            if layers >= 2 {
                sandbox = sandbox.file("repo/retro.toml", format!("\n\n{key} = {}", values[1]));
            }
            if layers >= 3 {
                sandbox = sandbox.variable(&info.variable(), &plain(values[2]));
            }
            if layers >= 4 {
                set_flag(&mut sandbox, key, values[3]);
            }
            let config = sandbox.good();
            let origin = config.origin(key).expect("every key has an origin");
            let expected = match layers {
                0 => Origin::Default,
                1 => Origin::UserFile {
                    path: sandbox.root().join("user/config.toml"),
                    line: 2,
                },
                2 => Origin::RepoFile {
                    path: "retro.toml".into(),
                    line: 3,
                },
                3 => Origin::Environment {
                    name: info.variable(),
                },
                _ => {
                    let name = match origin {
                        Origin::Flag { name } => name.clone(),
                        other => panic!("{key}: {other}"),
                    };
                    assert!(name.starts_with("--"), "{name}");
                    Origin::Flag { name }
                }
            };
            assert_eq!(origin, &expected, "{key} with {layers} layers");
            let shown = config
                .entries()
                .find(|entry| entry.key == *key)
                .expect("every key is shown");
            assert_eq!(shown.origin, expected);
            if layers > 0 {
                assert_eq!(
                    value(&shown.value),
                    value(values[layers - 1]),
                    "{key} with {layers} layers"
                );
            }
        }
    }
}

#[test]
fn the_settings_hold_what_the_layers_say() {
    let text = r#"
        jobs = 7
        order = "spread"
        timeout = "none"
        log-cap = "1kB"
        [slots]
        keep = ["venv/**"]
        clean = true
        [gc]
        max-size = "1GiB"
    "#;
    let settings = Sandbox::with(text).good().settings;
    assert_eq!(settings.jobs.map(u32::from), Some(7));
    assert_eq!(settings.order, Order::Spread);
    assert_eq!(settings.timeout, None);
    assert_eq!(settings.log_cap, Some(1000));
    assert_eq!(settings.slots.keep, ["venv/**"]);
    assert!(settings.slots.clean);
    assert_eq!(settings.gc.max_size, Some(1 << 30));
}

#[test]
fn the_defaults_alone_are_complete() {
    let config = Sandbox::new().good();
    assert_eq!(config.settings.jobs, None);
    assert_eq!(config.settings.data_dir, None);
    assert!(config.settings.suites.is_empty());
    assert!(config.warnings.is_empty());
    assert!(config.files.is_empty());
    let shown: Vec<String> = config
        .entries()
        .map(|entry| format!("{} = {}  # {}", entry.key, entry.value, entry.origin))
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn suites_of_the_repository_replace_those_of_the_user() {
    let sandbox = Sandbox::new()
        .file(
            "user/config.toml",
            "[[suites]]\nname = \"a\"\nrun = \"a\"\n[[suites]]\nname = \"b\"\nrun = \"b\"",
        )
        .file("repo/retro.toml", "[[suites]]\nname = \"c\"\nrun = \"c\"");
    let names = |sandbox: &Sandbox| -> Vec<String> {
        let suites = sandbox.good().settings.suites;
        suites.iter().map(|suite| suite.name().to_owned()).collect()
    };
    assert_eq!(names(&sandbox), ["c"]);
    assert_eq!(
        names(&sandbox.file("repo/retro.toml", "jobs = 1")),
        ["a", "b"]
    );
}

#[test]
fn paths_are_meant_from_the_place_that_names_them() {
    let folder = |sandbox: &Sandbox| {
        let found = sandbox.good().settings.data_dir.expect("a folder");
        sandbox.hide_root(&found.to_string_lossy())
    };
    let line = "data-dir = \"store\"";
    assert_eq!(folder(&Sandbox::with(line)), "/tmp/repo/store");
    let hidden = Sandbox::new().file("repo/.config/retro.toml", line);
    assert_eq!(folder(&hidden), "/tmp/repo/store");
    let user = Sandbox::new().file("user/config.toml", line);
    assert_eq!(folder(&user), "/tmp/user/store");
    let variable = Sandbox::new().variable("RETRO_DATA_DIR", "store");
    assert_eq!(folder(&variable), "store");
    let home = Sandbox::with("data-dir = \"~/store\"").variable("HOME", "/home/a");
    assert_eq!(folder(&home), "/home/a/store");

    let mut flag = Sandbox::with(line);
    flag.flags.data_dir = Some("auto".into());
    assert_eq!(flag.good().settings.data_dir, None);
}

#[test]
fn a_named_file_stands_in_for_the_one_of_the_repository() {
    let sandbox = Sandbox::with("not even TOML").file("user/other.toml", "jobs = 9");
    let config = sandbox.load_file(Some("user/other.toml")).expect("good");
    assert_eq!(config.settings.jobs.map(u32::from), Some(9));
    let path = sandbox.root().join("user/other.toml");
    assert_eq!(config.files, std::slice::from_ref(&path));

    let by_variable = sandbox.variable("RETRO_CONFIG", &path.to_string_lossy());
    assert_eq!(by_variable.good().settings.jobs.map(u32::from), Some(9));
}

#[test]
fn variables_with_other_purposes_are_left_alone() {
    let mut sandbox = Sandbox::new()
        .variable("RETROACTIVE", "x")
        .variable("PATH", "/bin");
    for (name, _) in retro_bootstrap::config::RESERVED_VARIABLES {
        if *name != "RETRO_CONFIG" {
            sandbox = sandbox.variable(name, "x");
        }
    }
    sandbox.good();
}
