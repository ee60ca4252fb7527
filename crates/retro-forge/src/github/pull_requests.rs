//! Pull requests on GitHub, over its REST interface of 2022-11-28.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::rest::answer::Answer;
use crate::rest::{
    self, Call, Client, Created, Dialect, ForgeAccess, Manners, Method, WirePull, encoded, refused,
};
use crate::{
    ForgeError, ForgeKind, Omission, Opened, PullRequest, PullRequestSpec, PullRequests, Refusal,
};

const MANNERS: Manners = Manners {
    scheme: "Bearer ",
    accept: "application/vnd.github+json",
    version: Some(("X-GitHub-Api-Version", "2022-11-28")),
};

/// A repository on GitHub. Labels that it does not have are created by GitHub.
#[derive(Clone)]
pub struct GitHub {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
}

impl GitHub {
    /// The repository that is reached so. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`ForgeError::Invalid`] when the repository is on another kind of forge, or the token, a
    /// certificate or the proxy's address is no good.
    pub fn new(access: ForgeAccess) -> Result<Self, ForgeError> {
        if access.repository.kind() != ForgeKind::GitHub {
            return Err(ForgeError::invalid(
                access.repository.to_string(),
                "it is not on GitHub; ask its own kind of forge",
            ));
        }
        let client = Client::new(access, &MANNERS)?;
        Ok(Self {
            inner: Arc::new(Inner { client }),
        })
    }
}

impl fmt::Debug for GitHub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GitHub")
            .field(&self.inner.client.access)
            .finish()
    }
}

#[async_trait]
impl PullRequests for GitHub {
    async fn open(&self, spec: &PullRequestSpec) -> Result<Opened, ForgeError> {
        let (inner, spec) = (Arc::clone(&self.inner), spec.clone());
        rest::blocking(move || rest::open(&*inner, &spec)).await
    }

    async fn find(&self, head: &str) -> Result<Option<PullRequest>, ForgeError> {
        let (inner, head) = (Arc::clone(&self.inner), head.to_owned());
        rest::blocking(move || rest::find(&*inner, &head)).await
    }

    async fn close(&self, number: u64) -> Result<(), ForgeError> {
        let inner = Arc::clone(&self.inner);
        rest::blocking(move || rest::close(&*inner, number)).await
    }
}

impl Dialect for Inner {
    fn client(&self) -> &Client {
        &self.client
    }

    fn list_open(
        &self,
        call: &Call<'_>,
        head: &str,
        base: Option<&str>,
    ) -> Result<Vec<WirePull>, ForgeError> {
        let repository = &self.client.access.repository;
        let head = encoded(&format!("{}:{head}", repository.owner()));
        let mut query = format!("state=open&per_page=100&head={head}");
        if let Some(base) = base {
            query.push_str(&format!("&base={}", encoded(base)));
        }
        let path = self.client.repository_path("/pulls");
        call.pages(&path, &query, &|answer| {
            refused(call, answer, &repository.to_string())
        })
    }

    fn create(
        &self,
        call: &Call<'_>,
        spec: &PullRequestSpec,
        base: &str,
    ) -> Result<Created, ForgeError> {
        let body = json!({
            "title": spec.text.title(),
            "body": spec.text.body(),
            "head": spec.head,
            "base": base,
            "draft": spec.is_draft,
        });
        let path = self.client.repository_path("/pulls");
        let answer = call.send(Method::Post, &path, Some(&body))?;
        if answer.is_good() {
            return Ok(Created::Made(Box::new(answer.json()?)));
        }
        if answer.status != 422 {
            let repository = self.client.access.repository.to_string();
            return Err(refused(call, &answer, &repository));
        }
        match meaning(&answer, spec, base) {
            None => Ok(Created::Exists),
            Some(why) => Err(ForgeError::Refused {
                what: spec.shown(),
                why,
            }),
        }
    }

    /// GitHub keeps them apart itself.
    fn may_double(&self) -> bool {
        false
    }

    fn title(&self, title: &str, _is_draft: bool) -> String {
        title.to_owned()
    }

    fn is_draft(&self, pull: &WirePull) -> bool {
        pull.draft.unwrap_or(false)
    }

    fn add_labels(
        &self,
        call: &Call<'_>,
        number: u64,
        labels: &[&str],
        omitted: &mut Vec<Omission>,
    ) -> Result<(), ForgeError> {
        let path = self
            .client
            .repository_path(&format!("/issues/{number}/labels"));
        let add =
            |labels: &[&str]| call.send(Method::Post, &path, Some(&json!({ "labels": labels })));
        let answer = add(labels)?;
        match labels {
            _ if answer.is_good() => return Ok(()),
            [alone] => {
                omitted.push(Omission::label(alone, answer.message()));
                return Ok(());
            }
            _ => {}
        }
        // One that is no good keeps the others from being added.
        for label in labels {
            let answer = add(&[label])?;
            if !answer.is_good() {
                omitted.push(Omission::label(label, answer.message()));
            }
        }
        Ok(())
    }
}

/// Why a pull request was refused with status 422; `None` when there is one already.
fn meaning(answer: &Answer, spec: &PullRequestSpec, base: &str) -> Option<Refusal> {
    for error in errors(answer) {
        let is_no_branch = error.code == "invalid";
        match error.field.as_str() {
            _ if error.message.starts_with("A pull request already exists") => return None,
            "base" if is_no_branch => return Some(Refusal::NoBase(base.to_owned())),
            "head" if is_no_branch => return Some(Refusal::NoHead(spec.head.clone())),
            _ if error.message.starts_with("No commits between") => {
                return Some(Refusal::NoCommits {
                    head: spec.head.clone(),
                    base: base.to_owned(),
                });
            }
            _ => {}
        }
    }
    let message = answer.message();
    if message.contains("Draft pull requests are not supported") {
        return Some(Refusal::NoDrafts);
    }
    Some(Refusal::Other(message))
}

/// One of the errors that come with a 422.
#[derive(Deserialize, Default)]
#[serde(default)]
struct FieldError {
    field: String,
    code: String,
    message: String,
}

/// Each error of a refusal that has several.
fn errors(answer: &Answer) -> Vec<FieldError> {
    let Ok(Value::Object(mut object)) = serde_json::from_slice(&answer.body) else {
        return Vec::new();
    };
    let Some(Value::Array(errors)) = object.remove("errors") else {
        return Vec::new();
    };
    let errors = errors.into_iter().map(|error| match error {
        Value::String(message) => FieldError {
            message,
            ..FieldError::default()
        },
        other => serde_json::from_value(other).unwrap_or_default(),
    });
    errors.collect()
}
