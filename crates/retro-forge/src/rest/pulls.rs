//! How a pull request is opened once, whichever forge it is on.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::answer::Answer;
use super::client::{Call, Client, Method};
use crate::pull_requests::check_branch;
use crate::{ForgeError, Omission, Opened, PullRequest, PullRequestSpec, Refusal};

/// How often what is said to exist is looked for: lists may be a little behind.
const LOOKS: u32 = 5;

/// A pull request as both forges describe it.
#[derive(Clone, Deserialize)]
pub(crate) struct WirePull {
    pub(crate) number: u64,
    pub(crate) html_url: String,
    pub(crate) title: String,
    body: Option<String>,
    pub(crate) draft: Option<bool>,
    state: String,
    user: Option<WireUser>,
    head: WireBranch,
    base: WireBranch,
    #[serde(default)]
    labels: Option<Vec<WireLabel>>,
    #[serde(default)]
    requested_reviewers: Option<Vec<WireUser>>,
    #[serde(default, alias = "requested_reviewers_teams")]
    requested_teams: Option<Vec<WireTeam>>,
}

#[derive(Clone, Deserialize)]
struct WireUser {
    login: String,
}

#[derive(Clone, Deserialize)]
struct WireTeam {
    name: String,
    slug: Option<String>,
}

#[derive(Clone, Deserialize)]
struct WireLabel {
    name: String,
}

#[derive(Clone, Deserialize)]
struct WireBranch {
    #[serde(rename = "ref")]
    name: String,
    /// On Forgejo the branch, also when its `ref` is one that Forgejo made up, as it does for a
    /// branch that it does not find at the moment. On GitHub `OWNER:BRANCH`, which no branch is called.
    label: Option<String>,
    /// Absent when the fork is gone.
    repo: Option<WireRepository>,
}

#[derive(Clone, Deserialize)]
struct WireRepository {
    full_name: String,
}

#[derive(Deserialize)]
struct WireDefaults {
    default_branch: String,
}

impl WirePull {
    /// Whether it is open and from this branch of the repository itself, and into this base.
    fn is_of(&self, client: &Client, head: &str, base: Option<&str>) -> bool {
        let repository = &client.access.repository;
        let own_name = format!("{}/{}", repository.owner(), repository.name());
        // A repository that was renamed answers to its old name, and says the new one.
        let base_name = self.base.repo.as_ref().map(|repo| repo.full_name.as_str());
        let own_name = base_name.unwrap_or(&own_name);
        let is_own = |repo: &WireRepository| repo.full_name.eq_ignore_ascii_case(own_name);
        self.state == "open"
            && (self.head.name == head || self.head.label.as_deref() == Some(head))
            && self.head.repo.as_ref().is_some_and(is_own)
            && base.is_none_or(|base| self.base.name == base)
    }

    fn has_label(&self, name: &str) -> bool {
        let labels = self.labels.iter().flatten();
        labels
            .into_iter()
            .any(|label| label.name.eq_ignore_ascii_case(name))
    }

    fn is_asked(&self, reviewer: &str) -> bool {
        match reviewer.split_once('/') {
            Some((_, team)) => self.requested_teams.iter().flatten().any(|known| {
                let slug = known.slug.as_deref().unwrap_or(&known.name);
                slug.eq_ignore_ascii_case(team)
            }),
            None => self
                .requested_reviewers
                .iter()
                .flatten()
                .any(|known| known.login.eq_ignore_ascii_case(reviewer)),
        }
    }

    fn is_by(&self, login: &str) -> bool {
        self.user
            .as_ref()
            .is_some_and(|user| user.login.eq_ignore_ascii_case(login))
    }
}

/// What became of an attempt to create a pull request.
pub(crate) enum Created {
    /// It is there, and was not before.
    Made(Box<WirePull>),
    /// There was one already.
    Exists,
}

/// In what forges differ.
pub(crate) trait Dialect: Send + Sync + 'static {
    fn client(&self) -> &Client;

    /// At least the open pull requests of a branch, on all pages.
    fn list_open(
        &self,
        call: &Call<'_>,
        head: &str,
        base: Option<&str>,
    ) -> Result<Vec<WirePull>, ForgeError>;

    /// Creates one. Errors are those of [`PullRequests::open`](crate::PullRequests::open).
    fn create(
        &self,
        call: &Call<'_>,
        spec: &PullRequestSpec,
        base: &str,
    ) -> Result<Created, ForgeError>;

    /// Whether two callers at once can create two. Then the later one is closed again.
    fn may_double(&self) -> bool;

    /// The title of a draft, or of what is no draft.
    fn title(&self, title: &str, is_draft: bool) -> String;

    fn is_draft(&self, pull: &WirePull) -> bool;

    /// Adds labels; what cannot be added is told.
    fn add_labels(
        &self,
        call: &Call<'_>,
        number: u64,
        labels: &[&str],
        omitted: &mut Vec<Omission>,
    ) -> Result<(), ForgeError>;
}

/// See [`PullRequests::open`](crate::PullRequests::open).
pub(crate) fn open(dialect: &dyn Dialect, spec: &PullRequestSpec) -> Result<Opened, ForgeError> {
    spec.check()?;
    let call = dialect.client().call(format!("opening {}", spec.shown()));
    let base = match &spec.base {
        Some(base) => base.clone(),
        None => default_branch(&call, dialect.client())?,
    };
    // Now that the base is known.
    let spec = &PullRequestSpec {
        base: Some(base.clone()),
        ..spec.clone()
    };
    spec.check()?;
    let (pull, adopted) = open_once(dialect, &call, spec, &base)?;
    let mut omitted = Vec::new();
    if adopted {
        bring_up_to_date(dialect, &call, &pull, spec)?;
    } else if spec.is_draft && !dialect.is_draft(&pull) {
        omitted.push(Omission {
            what: "the mark of a draft".to_owned(),
            why: "this forge does not take the usual one".to_owned(),
        });
    }
    let labels = spec.labels.iter().map(String::as_str);
    let labels: Vec<&str> = labels.filter(|label| !pull.has_label(label)).collect();
    if !labels.is_empty() {
        dialect.add_labels(&call, pull.number, &labels, &mut omitted)?;
    }
    ask_reviewers(dialect, &call, &pull, &spec.reviewers, &mut omitted)?;
    Ok(Opened {
        url: pull.html_url.clone(),
        number: pull.number,
        adopted,
        omitted,
    })
}

fn default_branch(call: &Call<'_>, client: &Client) -> Result<String, ForgeError> {
    let answer = call.send(Method::Get, &client.repository_path(""), None)?;
    if !answer.is_good() {
        return Err(refused(
            call,
            &answer,
            &client.access.repository.to_string(),
        ));
    }
    Ok(answer.json::<WireDefaults>()?.default_branch)
}

/// The one pull request, and whether it was there already.
fn open_once(
    dialect: &dyn Dialect,
    call: &Call<'_>,
    spec: &PullRequestSpec,
    base: &str,
) -> Result<(WirePull, bool), ForgeError> {
    for look in 0..LOOKS {
        if let Some(pull) = oldest(dialect, call, &spec.head, Some(base))? {
            return Ok((pull, true));
        }
        match dialect.create(call, spec, base)? {
            Created::Made(pull) if dialect.may_double() => {
                let pull = checked(call, *pull)?;
                return match oldest(dialect, call, &spec.head, Some(base))? {
                    Some(first) if first.number < pull.number => {
                        close_one(dialect, call, pull.number)?;
                        Ok((first, true))
                    }
                    _ => Ok((pull, false)),
                };
            }
            Created::Made(pull) => return Ok((checked(call, *pull)?, false)),
            Created::Exists => call.wait(Duration::from_millis(250 << look))?,
        }
    }
    Err(call.unexpected(
        "it says that there is such a pull request already, and shows none; if the repository, or \
         its owner, has another name now, name that",
    ))
}

fn oldest(
    dialect: &dyn Dialect,
    call: &Call<'_>,
    head: &str,
    base: Option<&str>,
) -> Result<Option<WirePull>, ForgeError> {
    let mut pulls = dialect.list_open(call, head, base)?;
    pulls.retain(|pull| pull.is_of(dialect.client(), head, base));
    let oldest = pulls.into_iter().min_by_key(|pull| pull.number);
    oldest.map(|pull| checked(call, pull)).transpose()
}

/// Refuses an address that is not one of the web: people click on it, and terminals show it.
fn checked(call: &Call<'_>, pull: WirePull) -> Result<WirePull, ForgeError> {
    let url = &pull.html_url;
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    if is_web && url.chars().all(|c| c.is_ascii_graphic()) {
        return Ok(pull);
    }
    Err(call.unexpected("the pull request's own address is not one of the web"))
}

fn pull_path(dialect: &dyn Dialect, number: u64) -> String {
    dialect
        .client()
        .repository_path(&format!("/pulls/{number}"))
}

fn bring_up_to_date(
    dialect: &dyn Dialect,
    call: &Call<'_>,
    pull: &WirePull,
    spec: &PullRequestSpec,
) -> Result<(), ForgeError> {
    let title = dialect.title(spec.text.title(), dialect.is_draft(pull));
    let body = spec.text.body();
    if pull.title == title && pull.body.as_deref().unwrap_or_default() == body {
        return Ok(());
    }
    let change = json!({ "title": title, "body": body });
    let answer = call.send(
        Method::Patch,
        &pull_path(dialect, pull.number),
        Some(&change),
    )?;
    if answer.is_good() {
        return Ok(());
    }
    Err(refused(
        call,
        &answer,
        &format!("the pull request {}", pull.number),
    ))
}

fn ask_reviewers(
    dialect: &dyn Dialect,
    call: &Call<'_>,
    pull: &WirePull,
    reviewers: &[String],
    omitted: &mut Vec<Omission>,
) -> Result<(), ForgeError> {
    let mut wanted = Vec::new();
    for reviewer in reviewers {
        if pull.is_by(reviewer) {
            omitted.push(Omission::reviewer(reviewer, "it is the author"));
        } else if !pull.is_asked(reviewer) {
            wanted.push(reviewer.as_str());
        }
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let answer = ask(dialect, call, pull.number, &wanted)?;
    match wanted.as_slice() {
        _ if answer.is_good() => return Ok(()),
        [alone] => {
            omitted.push(Omission::reviewer(alone, answer.message()));
            return Ok(());
        }
        _ => {}
    }
    // One that cannot be asked keeps the others from being asked.
    for reviewer in wanted {
        let answer = ask(dialect, call, pull.number, &[reviewer])?;
        if !answer.is_good() {
            omitted.push(Omission::reviewer(reviewer, answer.message()));
        }
    }
    Ok(())
}

fn ask(
    dialect: &dyn Dialect,
    call: &Call<'_>,
    number: u64,
    reviewers: &[&str],
) -> Result<Answer, ForgeError> {
    let teams = reviewers.iter().filter_map(|name| name.split_once('/'));
    let teams: Vec<&str> = teams.map(|(_, team)| team).collect();
    let users = reviewers.iter().filter(|name| !name.contains('/'));
    let users: Vec<&&str> = users.collect();
    let body = json!({ "reviewers": users, "team_reviewers": teams });
    let path = format!("{}/requested_reviewers", pull_path(dialect, number));
    call.send(Method::Post, &path, Some(&body))
}

/// See [`PullRequests::find`](crate::PullRequests::find).
pub(crate) fn find(dialect: &dyn Dialect, head: &str) -> Result<Option<PullRequest>, ForgeError> {
    check_branch(head)?;
    let call = dialect
        .client()
        .call(format!("looking for the pull request of {head:?}"));
    let found = oldest(dialect, &call, head, None)?;
    Ok(found.map(|pull| PullRequest {
        is_draft: dialect.is_draft(&pull),
        number: pull.number,
        url: pull.html_url,
        title: pull.title,
        body: pull.body.unwrap_or_default(),
        head: head.to_owned(),
        base: pull.base.name,
        labels: pull
            .labels
            .into_iter()
            .flatten()
            .map(|label| label.name)
            .collect(),
        reviewers: pull
            .requested_reviewers
            .into_iter()
            .flatten()
            .map(|user| user.login)
            .collect(),
    }))
}

/// See [`PullRequests::close`](crate::PullRequests::close).
pub(crate) fn close(dialect: &dyn Dialect, number: u64) -> Result<(), ForgeError> {
    let call = dialect
        .client()
        .call(format!("closing the pull request {number}"));
    close_one(dialect, &call, number)
}

fn close_one(dialect: &dyn Dialect, call: &Call<'_>, number: u64) -> Result<(), ForgeError> {
    let what = format!("the pull request {number}");
    let path = pull_path(dialect, number);
    let answer = call.send(Method::Get, &path, None)?;
    if !answer.is_good() {
        return Err(refused(call, &answer, &what));
    }
    if answer.json::<WirePull>()?.state != "open" {
        return Ok(());
    }
    let answer = call.send(Method::Patch, &path, Some(&json!({ "state": "closed" })))?;
    // It was merged in between.
    if answer.is_good() || answer.status == 412 {
        return Ok(());
    }
    Err(refused(call, &answer, &what))
}

/// What an answer means that is no success, unless its forge gives it a meaning of its own.
pub(crate) fn refused(call: &Call<'_>, answer: &Answer, what: &str) -> ForgeError {
    match answer.status {
        401 | 403 => ForgeError::Forbidden {
            forge: call.forge(),
            doing: call.doing.clone(),
            why: answer.message(),
        },
        404 | 410 => ForgeError::NotFound {
            what: what.to_owned(),
        },
        400 | 405 | 409 | 412 | 413 | 415 | 422 | 423 => ForgeError::Refused {
            what: what.to_owned(),
            why: Refusal::Other(answer.message()),
        },
        _ => call.unexpected(answer.message()),
    }
}
