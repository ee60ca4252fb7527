//! The event of the Lambda function.

use retro_bootstrap::look_back::{CommitArgs, SuiteArgs};
use retro_bootstrap::{Failure, batch};
use retro_domain::RepoId;
use serde::Deserialize;
use serde_json::Value;

use crate::look::Request;
use crate::suites::SuiteSource;

/// A request, as an event has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Event {
    repo_owner: String,
    repo_name: String,
    /// `https://github.com/OWNER/NAME` when absent.
    repo_url: Option<String>,
    /// The newest commits, so many.
    iterations: Option<usize>,
    /// Or a range, such as `v1.0..main`.
    range: Option<String>,
    /// Where the newest commits end: a branch or tag.
    branch: Option<String>,
    /// Names of suites of the newest commit's retro.toml, or whole suites as it would have them.
    suites: Option<Vec<Value>>,
    /// Only commits that change a matching path.
    paths: Option<Vec<String>>,
    /// Goes on with the batch of this id, or starts it.
    pub(crate) batch_id: Option<String>,
    /// Refuses a batch that is expected to cost more.
    pub(crate) max_cost_usd: Option<f64>,
    /// Tells the plan and what it is expected to cost, and starts nothing.
    #[serde(default)]
    pub(crate) dry_run: bool,
}

impl Event {
    /// Reads an event.
    pub(crate) fn read(payload: Value) -> Result<Self, Failure> {
        serde_json::from_value(payload).map_err(|error| {
            Failure::usage(format!("the event cannot be read: {error}"))
                .with_hint("docs/aws.md lists what it may have")
        })
    }

    /// What it asks for.
    pub(crate) fn request(&self) -> Result<Request, Failure> {
        self.check()?;
        let repo = RepoId::new(&self.repo_owner, &self.repo_name)
            .map_err(|error| Failure::usage(format!("repo_owner and repo_name: {error}")))?;
        let (last, revisions) = match (self.iterations, &self.range) {
            (Some(0), _) => return Err(Failure::usage("iterations is 0: it counts commits")),
            (Some(count), None) => (Some(count), self.branch.iter().cloned().collect()),
            (None, Some(range)) => {
                if self.branch.is_some() {
                    return Err(Failure::usage("range and branch are both given")
                        .with_hint("a range says itself where it ends"));
                }
                (None, range.split_whitespace().map(str::to_owned).collect())
            }
            (Some(_), Some(_)) => {
                return Err(Failure::usage("iterations and range are both given")
                    .with_hint("give the one that says which commits"));
            }
            (None, None) => {
                return Err(Failure::usage("nothing says which commits")
                    .with_hint("give iterations, or range"));
            }
        };
        let (source, names) = self.suites()?;
        let url = self.repo_url.clone();
        Ok(Request {
            url: url.unwrap_or_else(|| format!("https://github.com/{repo}")),
            described: self.described(),
            repo,
            commits: CommitArgs {
                last,
                path: self.paths.clone().unwrap_or_default(),
                ..CommitArgs::default()
            },
            revisions,
            source,
            suite: SuiteArgs {
                suite: names,
                ..SuiteArgs::default()
            },
        })
    }

    /// What would be taken for something else, or be found too late.
    fn check(&self) -> Result<(), Failure> {
        for (name, value) in [
            ("repo_url", &self.repo_url),
            ("range", &self.range),
            ("branch", &self.branch),
            ("batch_id", &self.batch_id),
        ] {
            if value.as_ref().is_some_and(|text| text.trim().is_empty()) {
                return Err(Failure::usage(format!("{name} is blank"))
                    .with_hint("leave it out, or say what it is to be"));
            }
        }
        if let Some(usd) = self.max_cost_usd.filter(|usd| *usd < 0.0) {
            let what = format!("max_cost_usd is {usd}: it is 0 or more, in US dollars");
            return Err(Failure::usage(what));
        }
        match &self.repo_url {
            Some(url) => batch::check_address(url),
            None => Ok(()),
        }
    }

    /// The request for people; two that differ in their commits differ here.
    fn described(&self) -> String {
        let mut text = "retro-initiator: ".to_owned();
        match (&self.range, self.iterations) {
            (Some(range), _) => text += range,
            (None, count) => text += &format!("the newest {}", count.unwrap_or_default()),
        }
        if let Some(branch) = &self.branch {
            text += &format!(" of {branch}");
        }
        for name in self.suites.iter().flatten().filter_map(Value::as_str) {
            text += &format!(" --suite {name}");
        }
        for path in self.paths.iter().flatten() {
            text += &format!(" --path {path}");
        }
        text
    }

    fn suites(&self) -> Result<(SuiteSource, Vec<String>), Failure> {
        let suites = self.suites.as_deref().unwrap_or_default();
        let names: Vec<String> = suites
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        if names.len() == suites.len() {
            return Ok((SuiteSource::Files, names));
        }
        if !names.is_empty() || !suites.iter().all(Value::is_object) {
            return Err(Failure::usage(
                "suites has to be a list of names, or one of suites, and not of both",
            ));
        }
        let document = serde_json::json!({ "suites": suites });
        let text = toml::to_string(&document).map_err(|error| {
            Failure::usage(format!("suites cannot be understood: {error}"))
                .with_hint("write them as docs/configuration.md has them")
        })?;
        Ok((SuiteSource::Text(text), Vec::new()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(payload: Value) -> Result<Request, String> {
        let event = Event::read(payload).map_err(|failure| failure.sentence())?;
        event.request().map_err(|failure| failure.sentence())
    }

    fn refused(payload: Value) -> String {
        request(payload).expect_err("it is refused")
    }

    #[test]
    fn an_event_names_repository_and_commits() {
        let request =
            request(json!({"repo_owner": "o", "repo_name": "r", "iterations": 5})).unwrap();
        assert_eq!(request.url, "https://github.com/o/r");
        assert_eq!(request.commits.last, Some(5));
        assert!(matches!(request.source, SuiteSource::Files));
        let request = super::tests::request(json!({
            "repo_owner": "o", "repo_name": "r", "repo_url": "https://example.com/x.git",
            "range": "v1..main", "suites": ["unit"], "paths": ["src/**"],
        }))
        .unwrap();
        assert_eq!(request.url, "https://example.com/x.git");
        assert_eq!(request.repo.to_string(), "o/r");
        assert_eq!(request.revisions, ["v1..main"]);
        assert_eq!(request.suite.suite, ["unit"]);
        assert_eq!(request.commits.path, ["src/**"]);
        assert_eq!(
            request.described,
            "retro-initiator: v1..main --suite unit --path src/**"
        );
    }

    #[test]
    fn a_suite_may_be_given_whole() {
        let suites = json!([{"name": "unit", "run": ["make", "check"], "results": ["tap"]}]);
        let event = json!({"repo_owner": "o", "repo_name": "r", "iterations": 1, "suites": suites});
        let SuiteSource::Text(text) = request(event).unwrap().source else {
            panic!("it is a text");
        };
        assert!(text.contains("[[suites]]"), "{text}");
    }

    #[test]
    fn what_is_wrong_is_told() {
        let with = |more: Value| {
            let mut event = json!({"repo_owner": "o", "repo_name": "r"});
            for (name, value) in more.as_object().unwrap() {
                event[name] = value.clone();
            }
            refused(event)
        };
        assert!(with(json!({})).contains("give iterations, or range"));
        assert!(with(json!({"iterations": 0})).contains("counts commits"));
        assert!(with(json!({"range": ""})).contains("range is blank"));
        assert!(with(json!({"range": " \t"})).contains("range is blank"));
        assert!(with(json!({"iterations": 1, "branch": ""})).contains("branch is blank"));
        assert!(with(json!({"iterations": 1, "repo_url": ""})).contains("repo_url is blank"));
        assert!(with(json!({"iterations": 1, "max_cost_usd": -1})).contains("0 or more"));
        let ssh = json!({"iterations": 1, "repo_url": "git@example.com:o/r.git"});
        assert!(with(ssh).contains("https://example.com/o/r.git"));
        assert!(with(json!({"iterations": 1, "range": "a..b"})).contains("both given"));
        assert!(with(json!({"range": "a..b", "branch": "b"})).contains("both given"));
        assert!(with(json!({"iterations": 1, "suites": ["a", {}]})).contains("not of both"));
        assert!(with(json!({"iteration": 1})).contains("unknown field `iteration`"));
        assert!(refused(json!({"repo_name": "r", "iterations": 1})).contains("repo_owner"));
        assert!(refused(json!([])).contains("cannot be read"));
    }
}
