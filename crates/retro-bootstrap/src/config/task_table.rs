//! The shape of `[task]`: what a project sets for all of its tasks.
//!
//! The doc comments here become the descriptions in the JSON schema, as those of `document.rs`.

use std::collections::BTreeMap;
use std::time::Duration;

use retro_domain::{
    ApprovalSettings, BranchName, BuildSettings, CommandLine, CommitTemplate, DeploySettings,
    DeployTarget, ExecutorSettings, PREVIEW_FACTS, PULL_REQUEST_FACTS, PathRule, PromptDelivery,
    PullRequestSettings, Switch, TaskPhase, Template,
};
use schemars::JsonSchema;
use serde::Deserialize;

use super::command_text::CommandText;
use super::document::{
    AllowedVariable, FilledText, SuiteName, SuiteTable, VariableName, checked_text,
};
use super::duration_text::DurationText;
use super::entry::{Entry, Short};
use super::safe_path::{InsidePath, KeepGlob};
use super::suites::{allowed, variables};

/// Runs of tasks: what holds for those that do not say.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct TaskTable {
    /// What the names of branches begin with.
    pub(super) run_branch_prefix: Option<BranchPrefix>,
    /// The message of commits, with places for {task_name}, {run_number}, {task_id}, {spec_name} and
    /// {title}; "auto" for the usual one.
    pub(super) commit_template: Option<CommitTemplateText>,
    /// How long a run may take.
    pub(super) timeout: Option<DurationText>,
    /// The playbook, by its path in the repository; "none" for none.
    pub(super) playbook_path: Option<InsidePath>,
    /// What makes the change.
    pub(super) executor: Option<Short<Executor>>,
    /// What builds it.
    pub(super) build: Option<Short<Build>>,
    /// What tests it.
    pub(super) suites: Option<Short<TaskSuites>>,
    /// Where what was built goes.
    pub(super) deploy: Option<Short<Deploy>>,
    /// Whether commits are pushed.
    pub(super) push: Option<bool>,
    /// The pull request that is opened.
    pub(super) pull_request: Option<Short<PullRequest>>,
    /// Whether somebody must agree first, and how long that is waited for.
    pub(super) approval: Option<Short<Approval>>,
}

/// A command that makes the change, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Executor(pub(super) Option<ExecutorSettings>);

/// A command that makes the change.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ExecutorTable {
    /// The command. `{prompt_file}` in it stands for the path of the file with the prompt.
    command: CommandText,
    /// How the prompt gets there.
    prompt: Option<PromptMode>,
    /// Environment variables that it may see; a trailing `*` stands for any ending.
    env_allow: Option<Vec<AllowedVariable>>,
    /// Environment variables with fixed values.
    env: Option<BTreeMap<VariableName, String>>,
    /// How long it may take.
    timeout: Option<DurationText>,
}

/// How an executor gets its prompt.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum PromptMode {
    /// In a file, whose path stands in the command as `{prompt_file}`.
    File,
    /// On its standard input.
    Stdin,
}

impl Entry for Executor {
    const NAME: &'static str = "Executor";
    const EXPECTED: &'static str = "a command, \"none\", or a table with a command";
    const SHORT: &'static [&'static str] = &["string", "array"];
    type Table = ExecutorTable;
    type Item = String;

    fn of_text(text: &str) -> Option<Result<Self, String>> {
        if text == "none" {
            return Some(Ok(Self(None)));
        }
        Some(CommandText::line(text).map(Self::of_command))
    }

    fn of_list(items: Vec<String>) -> Option<Result<Self, String>> {
        Some(CommandText::words(items).map(Self::of_command))
    }

    fn of_table(table: ExecutorTable) -> Self {
        Self(Some(ExecutorSettings {
            command: table.command.0,
            prompt: match table.prompt {
                Some(PromptMode::Stdin) => PromptDelivery::Stdin,
                Some(PromptMode::File) | None => PromptDelivery::File,
            },
            env_allow: table.env_allow.map(allowed).unwrap_or_default(),
            env: table.env.map(variables).unwrap_or_default(),
            timeout: table.timeout.and_then(|DurationText(limit)| limit),
        }))
    }
}

impl Executor {
    fn of_command(CommandText(command): CommandText) -> Self {
        Self(Some(executor(command)))
    }
}

/// An executor of which only the command is said.
pub(crate) fn executor(command: CommandLine) -> ExecutorSettings {
    ExecutorSettings {
        command,
        prompt: PromptDelivery::File,
        env_allow: Vec::new(),
        env: BTreeMap::new(),
        timeout: None,
    }
}

/// A build of which only the command is said.
pub(crate) fn build(command: CommandLine) -> BuildSettings {
    BuildSettings {
        command,
        work_dir: String::new(),
        env_allow: Vec::new(),
        env: BTreeMap::new(),
        timeout: None,
    }
}

/// A command that builds, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Build(pub(super) Switch<BuildSettings>);

/// A command that builds.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct BuildTable {
    /// The command.
    command: CommandText,
    /// Where it runs.
    work_dir: Option<InsidePath>,
    /// Environment variables that it may see; a trailing `*` stands for any ending.
    env_allow: Option<Vec<AllowedVariable>>,
    /// Environment variables with fixed values.
    env: Option<BTreeMap<VariableName, String>>,
    /// How long it may take.
    timeout: Option<DurationText>,
}

impl Entry for Build {
    const NAME: &'static str = "Build";
    const EXPECTED: &'static str = "a command, false for none, or a table with a command";
    const SHORT: &'static [&'static str] = &["boolean", "string", "array"];
    type Table = BuildTable;
    type Item = String;

    fn of_switch(on: bool) -> Option<Self> {
        (!on).then_some(Self(Switch::Off))
    }

    fn of_text(text: &str) -> Option<Result<Self, String>> {
        Some(CommandText::line(text).map(|text| Self(Switch::On(build(text.0)))))
    }

    fn of_list(items: Vec<String>) -> Option<Result<Self, String>> {
        Some(CommandText::words(items).map(|text| Self(Switch::On(build(text.0)))))
    }

    fn of_table(table: BuildTable) -> Self {
        Self(Switch::On(BuildSettings {
            command: table.command.0,
            work_dir: table.work_dir.map(|path| path.0).unwrap_or_default(),
            env_allow: table.env_allow.map(allowed).unwrap_or_default(),
            env: table.env.map(variables).unwrap_or_default(),
            timeout: table.timeout.and_then(|DurationText(limit)| limit),
        }))
    }
}

/// The suites of a task.
#[derive(Debug)]
pub(super) enum TaskSuites {
    /// Those of the project.
    OfProject,
    /// None.
    Off,
    /// These.
    These(Vec<Short<TaskSuite>>),
}

/// One suite of a task.
#[derive(Debug)]
pub(super) enum TaskSuite {
    /// One of the project, by its name.
    Named(String),
    /// One of its own.
    Whole(Box<SuiteTable>),
}

impl Entry for TaskSuites {
    const NAME: &'static str = "TaskSuites";
    const EXPECTED: &'static str =
        "true for those of the project, false for none, or a list of their names and of suites";
    const SHORT: &'static [&'static str] = &["boolean", "array"];
    type Table = Never;
    type Item = Short<TaskSuite>;

    fn of_switch(on: bool) -> Option<Self> {
        Some(if on { Self::OfProject } else { Self::Off })
    }

    fn of_list(items: Vec<Short<TaskSuite>>) -> Option<Result<Self, String>> {
        Some(Ok(Self::These(items)))
    }

    fn of_table(table: Never) -> Self {
        match table {}
    }
}

impl Entry for TaskSuite {
    const NAME: &'static str = "TaskSuite";
    const EXPECTED: &'static str = "the name of a suite, or a table with one";
    const SHORT: &'static [&'static str] = &["string"];
    type Table = SuiteTable;
    type Item = String;

    fn of_text(text: &str) -> Option<Result<Self, String>> {
        let name = SuiteName::try_from(text.to_owned());
        Some(name.map(|SuiteName(name)| Self::Named(name)))
    }

    fn of_table(table: SuiteTable) -> Self {
        Self::Whole(Box::new(table))
    }
}

/// Where what was built goes, or nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Deploy(pub(super) Switch<DeploySettings>);

/// Where what was built goes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(try_from = "DeployKeys")]
#[schemars(with = "DeployKeys")]
pub(super) struct DeployTable(DeploySettings);

/// Where what was built goes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "DeployTable")]
struct DeployKeys {
    /// The folder with what was built.
    output: InsidePath,
    /// The folder of this machine where it goes; or
    folder: Option<String>,
    /// what its keys in the object store begin with.
    prefix: Option<FilledText>,
    /// Whether what is there and not in the folder is removed.
    delete: Option<bool>,
    /// Content types, the first rule that fits.
    content_types: Option<Vec<PathRuleTable>>,
    /// Cache headers, the first rule that fits.
    cache_headers: Option<Vec<PathRuleTable>>,
    /// The address under which it can be seen, with places for {task_slug}, {run_number}, {task_id},
    /// {branch_slug} and {commit_sha}.
    preview_url: Option<PreviewText>,
}

/// A value for the paths that a glob names.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct PathRuleTable {
    /// Which paths, relative to the output folder.
    glob: KeepGlob,
    /// The value.
    value: FilledText,
}

impl TryFrom<DeployKeys> for DeployTable {
    type Error = String;

    fn try_from(keys: DeployKeys) -> Result<Self, String> {
        let target = match (keys.folder, keys.prefix) {
            (Some(folder), None) => DeployTarget::Folder(folder),
            (None, Some(FilledText(prefix))) => DeployTarget::Prefix(prefix),
            _ => return Err("say where it goes: either folder or prefix".to_owned()),
        };
        if keys.output.0.is_empty() {
            return Err("output is the folder with what was built, not the whole tree".to_owned());
        }
        Ok(Self(DeploySettings {
            output: keys.output.0,
            target,
            delete: keys.delete.unwrap_or_default(),
            content_types: path_rules(keys.content_types),
            cache_headers: path_rules(keys.cache_headers),
            preview_url: keys.preview_url.map(|text| text.0),
        }))
    }
}

fn path_rules(rules: Option<Vec<PathRuleTable>>) -> Vec<PathRule> {
    let rule = |rule: PathRuleTable| PathRule {
        glob: rule.glob.0,
        value: rule.value.0,
    };
    rules.unwrap_or_default().into_iter().map(rule).collect()
}

impl Entry for Deploy {
    const NAME: &'static str = "Deploy";
    const EXPECTED: &'static str = "false for none, or a table";
    const SHORT: &'static [&'static str] = &["boolean"];
    type Table = DeployTable;
    type Item = String;

    fn of_switch(on: bool) -> Option<Self> {
        (!on).then_some(Self(Switch::Off))
    }

    fn of_table(DeployTable(settings): DeployTable) -> Self {
        Self(Switch::On(settings))
    }
}

/// The pull request that is opened, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PullRequest(pub(super) Switch<PullRequestSettings>);

/// The pull request that is opened.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct PullRequestTable {
    /// Whether it is a draft; it is unless set.
    draft: Option<bool>,
    /// The branch it is to be merged into; the remote's default branch unless set.
    base: Option<FilledText>,
    /// Its title, a template.
    title: Option<RequestText>,
    /// Its text, a template.
    body: Option<RequestText>,
    /// Its labels.
    labels: Option<Vec<FilledText>>,
    /// Who is asked to look at it.
    reviewers: Option<Vec<FilledText>>,
}

impl Entry for PullRequest {
    const NAME: &'static str = "PullRequest";
    const EXPECTED: &'static str = "true, false for none, or a table";
    const SHORT: &'static [&'static str] = &["boolean"];
    type Table = PullRequestTable;
    type Item = String;

    fn of_switch(on: bool) -> Option<Self> {
        Some(Self(match on {
            true => Switch::On(PullRequestSettings::default()),
            false => Switch::Off,
        }))
    }

    fn of_table(table: PullRequestTable) -> Self {
        let texts = |texts: Option<Vec<FilledText>>| {
            let texts = texts.unwrap_or_default();
            texts.into_iter().map(|FilledText(text)| text).collect()
        };
        Self(Switch::On(PullRequestSettings {
            is_draft: table.draft.unwrap_or(true),
            base: table.base.map(|text| text.0),
            title: table.title.map(|text| text.0),
            body: table.body.map(|text| text.0),
            labels: texts(table.labels),
            reviewers: texts(table.reviewers),
        }))
    }
}

/// Whether somebody must agree first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Approval(pub(super) Switch<ApprovalSettings>);

/// Somebody must agree before the executor starts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ApprovalTable {
    /// How long the run waits for that.
    deadline: Deadline,
}

/// How long a run waits for an approval where nobody says.
pub(crate) fn usual_approval() -> ApprovalSettings {
    ApprovalSettings {
        deadline: TaskPhase::Approval.usual_deadline(),
    }
}

impl Entry for Approval {
    const NAME: &'static str = "Approval";
    const EXPECTED: &'static str =
        "true, false for none, a duration such as \"8h\", or a table with a deadline";
    const SHORT: &'static [&'static str] = &["boolean", "string"];
    type Table = ApprovalTable;
    type Item = String;

    fn of_switch(on: bool) -> Option<Self> {
        Some(Self(match on {
            true => Switch::On(usual_approval()),
            false => Switch::Off,
        }))
    }

    fn of_text(text: &str) -> Option<Result<Self, String>> {
        let deadline = Deadline::try_from(text.to_owned());
        Some(deadline.map(|deadline| Self::of_table(ApprovalTable { deadline })))
    }

    fn of_table(table: ApprovalTable) -> Self {
        let Deadline(text) = table.deadline;
        let time = text.parse().ok().and_then(|DurationText(time)| time);
        Self(Switch::On(ApprovalSettings {
            deadline: time.unwrap_or(Duration::ZERO),
        }))
    }
}

/// No table.
#[derive(Debug)]
pub(super) enum Never {}

impl<'de> Deserialize<'de> for Never {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(serde::de::Error::custom(
            "a table has no meaning here; write a list",
        ))
    }
}

impl JsonSchema for Never {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Never".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        false.into()
    }
}

checked_text! {
    /// What the names of branches begin with.
    BranchPrefix: |text| branch_prefix(&text);
    /// The message of commits.
    CommitTemplateText: |text| commit_template(&text);
    /// A title or a text with places for facts.
    RequestText: |text| template(&text, &PULL_REQUEST_FACTS);
    /// An address with places for facts.
    PreviewText: |text| template(&text, &PREVIEW_FACTS);
    /// A duration that ends.
    Deadline: |text| deadline(&text);
}

fn branch_prefix(text: &str) -> Result<(), String> {
    match BranchName::for_run(text, "task", 1) {
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

fn commit_template(text: &str) -> Result<(), String> {
    match text {
        "auto" => Ok(()),
        text => CommitTemplate::parse(text)
            .map(drop)
            .map_err(|error| error.to_string()),
    }
}

fn template(text: &str, facts: &[&str]) -> Result<(), String> {
    Template::parse(text, facts)
        .map(drop)
        .map_err(|error| error.to_string())
}

fn deadline(text: &str) -> Result<(), String> {
    match text.parse::<DurationText>()? {
        DurationText(Some(_)) => Ok(()),
        DurationText(None) => Err("a run does not wait for ever: give a duration".to_owned()),
    }
}
