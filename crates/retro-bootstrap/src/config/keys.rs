//! The settings that one value each describes, and how each layer names them.

/// One setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name in files, with a dot between table and key: `jobs`, `slots.keep`.
    pub name: &'static str,
    /// The flag that sets it, where there is one.
    pub flag: Option<&'static str>,
    pub(super) shape: Shape,
}

/// How the text of an environment variable becomes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Number,
    NumberOrText,
    Switch,
    Text,
    Decimal,
    DecimalOrText,
    List,
    /// True, false, or a text.
    SwitchOrText,
    /// True, false, or a list.
    SwitchOrList,
}

impl Key {
    /// The environment variable that sets it: `RETRO_JOBS`, `RETRO_SLOTS_KEEP`.
    pub fn variable(&self) -> String {
        let upper = self.name.to_ascii_uppercase();
        format!("RETRO_{}", upper.replace(['.', '-'], "_"))
    }
}

const fn key(name: &'static str, flag: &'static str, shape: Shape) -> Key {
    Key {
        name,
        flag: Some(flag),
        shape,
    }
}

/// A setting that a run of a task says by itself, and no flag of this layer.
const fn task_key(name: &'static str, shape: Shape) -> Key {
    Key {
        name,
        flag: None,
        shape,
    }
}

/// Every setting of one value, in the order they are documented.
pub const KEYS: &[Key] = &[
    key("jobs", "--jobs", Shape::NumberOrText),
    key("order", "--order", Shape::Text),
    key("cache", "--no-cache", Shape::Switch),
    key("fail-on", "--fail-on", Shape::Text),
    key("fail-fast", "--fail-fast", Shape::Switch),
    key("retries", "--retries", Shape::Number),
    key("timeout", "--timeout", Shape::Text),
    key("build-timeout", "--build-timeout", Shape::Text),
    key("time-limit", "--time-limit", Shape::Text),
    key("data-dir", "--data-dir", Shape::Text),
    key("cache-dir", "--cache-dir", Shape::Text),
    key("home", "--home", Shape::Text),
    key("log-cap", "--log-cap", Shape::Text),
    key("color", "--color", Shape::Text),
    key("verbosity", "--verbose", Shape::Text),
    key("slots.keep", "--keep", Shape::List),
    key("slots.submodules", "--submodules", Shape::Text),
    key("slots.lfs", "--lfs", Shape::Text),
    key("slots.clean", "--clean", Shape::Switch),
    key("gc.max-age", "--max-age", Shape::Text),
    key("gc.max-size", "--max-size", Shape::Text),
    key("aws.table", "--table", Shape::Text),
    key("aws.bucket", "--bucket", Shape::Text),
    key("aws.prefix", "--prefix", Shape::Text),
    key("aws.state-machine", "--state-machine", Shape::Text),
    key("aws.region", "--region", Shape::Text),
    key("aws.profile", "--profile", Shape::Text),
    key("aws.endpoint", "--endpoint", Shape::Text),
    key("aws.toolchain", "--toolchain", Shape::Text),
    key("aws.job-time", "--job-time", Shape::Text),
    key("aws.max-cost-usd", "--max-cost-usd", Shape::DecimalOrText),
    key("aws.vcpu", "--vcpu", Shape::Decimal),
    key("aws.memory-gb", "--memory-gb", Shape::Decimal),
    key("aws.disk-gb", "--disk-gb", Shape::Decimal),
    key("aws.usd-vcpu-hour", "--usd-vcpu-hour", Shape::Decimal),
    key(
        "aws.usd-memory-gb-hour",
        "--usd-memory-gb-hour",
        Shape::Decimal,
    ),
    key("aws.usd-disk-gb-hour", "--usd-disk-gb-hour", Shape::Decimal),
    key(
        "aws.usd-thousand-transitions",
        "--usd-thousand-transitions",
        Shape::Decimal,
    ),
    task_key("task.run-branch-prefix", Shape::Text),
    task_key("task.commit-template", Shape::Text),
    task_key("task.timeout", Shape::Text),
    task_key("task.playbook-path", Shape::Text),
    task_key("task.executor", Shape::Text),
    task_key("task.build", Shape::SwitchOrText),
    task_key("task.suites", Shape::SwitchOrList),
    task_key("task.push", Shape::Switch),
    task_key("task.pull-request", Shape::Switch),
    task_key("task.approval", Shape::SwitchOrText),
];

/// The settings that only files hold, each replaced as a whole by a higher layer.
pub(super) const FILE_KEYS: &[&str] = &[
    "task.deploy",
    "suites",
    "rules",
    "overlay.files",
    "overlay.patches",
];

/// `RETRO_*` variables that are no settings, and what each is for.
pub const RESERVED_VARIABLES: &[(&str, &str)] = &[
    (
        "RETRO_CONFIG",
        "a file to read in place of the repository's, like --config",
    ),
    (
        "RETRO_CORPUS",
        "a folder of result files, for git-retro's own tests",
    ),
    (
        "RETRO_SCRATCH",
        "set for the commands that git-retro runs: their scratch folder",
    ),
    (
        "RETRO_PLAN",
        "for `retro-runner`, as every variable that its help names",
    ),
    ("RETRO_SUITE", "for `retro-runner`"),
    ("RETRO_SUITE_NAME", "for `retro-runner`"),
    ("RETRO_RESULTS", "for `retro-runner`"),
    ("RETRO_TIMEOUT_SECONDS", "for `retro-runner`"),
    ("RETRO_ATTEMPT", "for `retro-runner`"),
    ("RETRO_BATCH", "for `retro-runner`"),
    ("RETRO_WORK_DIR", "for `retro-runner`"),
    ("RETRO_LOG_CAP_BYTES", "for `retro-runner`"),
    (
        "RETRO_GIT_TOKEN",
        "for `retro-runner` and `retro-initiator`",
    ),
    (
        "RETRO_GIT_TOKEN_FILE",
        "for `retro-runner` and `retro-initiator`",
    ),
    (
        "RETRO_GIT_TOKEN_SECRET",
        "for `retro-runner` and `retro-initiator`",
    ),
    ("RETRO_GIT_USER", "for `retro-runner` and `retro-initiator`"),
    (
        "RETRO_COMMIT",
        "set for the commands that git-retro runs: the commit under test",
    ),
    (
        "RETRO_TASK_ID",
        "set for the executor of a task, as the ones below",
    ),
    ("RETRO_TASK_TITLE", "set for the executor of a task"),
    ("RETRO_TASK_SPEC", "set for the executor of a task"),
    ("RETRO_TASK_RUN", "set for the executor of a task"),
    ("RETRO_TASK_RUN_NUMBER", "set for the executor of a task"),
    ("RETRO_TASK_BRANCH", "set for the executor of a task"),
    ("RETRO_TASK_WORK_TREE", "set for the executor of a task"),
    ("RETRO_TASK_PROMPT_FILE", "set for the executor of a task"),
    ("RETRO_TASK_RESULT_FILE", "set for the executor of a task"),
];
