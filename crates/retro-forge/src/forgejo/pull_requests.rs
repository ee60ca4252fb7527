//! Pull requests on Forgejo and Gitea, over version 1 of their REST interface.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::json;

use crate::rest::{
    self, Call, Client, Created, Dialect, ForgeAccess, Manners, Method, WirePull, encoded, refused,
};
use crate::{
    ForgeError, ForgeKind, Omission, Opened, PullRequest, PullRequestSpec, PullRequests, Refusal,
};

const MANNERS: Manners = Manners {
    scheme: "token ",
    accept: "application/json",
    version: None,
};

/// There are no drafts but those whose title begins so; servers can be told to use other marks.
const DRAFT: &str = "WIP: ";
const DRAFTS: &[&str] = &["wip:", "[wip]"];

/// A repository on Forgejo or Gitea.
///
/// Drafts are those whose title begins with `WIP:`. Labels must exist, in the repository or its
/// organization. Two callers at once can create two pull requests there; the later one is closed
/// again at once (a crash at that very moment leaves both, of which the older one is adopted).
#[derive(Clone)]
pub struct Forgejo {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
}

#[derive(Deserialize)]
struct WireLabel {
    id: u64,
    name: String,
}

#[derive(Deserialize)]
struct WireComparison {
    total_commits: u64,
}

impl Forgejo {
    /// The repository that is reached so. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`ForgeError::Invalid`] when the repository is on another kind of forge, or the token, a
    /// certificate or the proxy's address is no good.
    pub fn new(access: ForgeAccess) -> Result<Self, ForgeError> {
        if access.repository.kind() != ForgeKind::Forgejo {
            return Err(ForgeError::invalid(
                access.repository.to_string(),
                "it is not on Forgejo; ask its own kind of forge",
            ));
        }
        let client = Client::new(access, &MANNERS)?;
        Ok(Self {
            inner: Arc::new(Inner { client }),
        })
    }
}

impl fmt::Debug for Forgejo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Forgejo")
            .field(&self.inner.client.access)
            .finish()
    }
}

#[async_trait]
impl PullRequests for Forgejo {
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

impl Inner {
    /// The server itself opens pull requests that would merge nothing. One that is too old to
    /// compare is not asked; what else is wrong shows when the pull request is created.
    fn check_commits(
        &self,
        call: &Call<'_>,
        spec: &PullRequestSpec,
        base: &str,
    ) -> Result<(), ForgeError> {
        let range = format!("{}...{}", branch_encoded(base), branch_encoded(&spec.head));
        let path = self.client.repository_path(&format!("/compare/{range}"));
        let answer = call.send(Method::Get, &path, None)?;
        if answer.is_good() && answer.json::<WireComparison>()?.total_commits == 0 {
            return Err(ForgeError::Refused {
                what: spec.shown(),
                why: Refusal::NoCommits {
                    head: spec.head.clone(),
                    base: base.to_owned(),
                },
            });
        }
        Ok(())
    }

    /// What it is that is not there: the server says no more than that something is not.
    fn missing(
        &self,
        call: &Call<'_>,
        spec: &PullRequestSpec,
        base: &str,
    ) -> Result<ForgeError, ForgeError> {
        let is_there = |below: &str| {
            let answer = call.send(Method::Get, &self.client.repository_path(below), None)?;
            Ok::<bool, ForgeError>(answer.is_good())
        };
        let why = if !is_there("")? {
            return Ok(ForgeError::NotFound {
                what: self.client.access.repository.to_string(),
            });
        } else if !is_there(&format!("/branches/{}", branch_encoded(base)))? {
            Refusal::NoBase(base.to_owned())
        } else if !is_there(&format!("/branches/{}", branch_encoded(&spec.head)))? {
            Refusal::NoHead(spec.head.clone())
        } else {
            Refusal::Other("the forge does not find something, and does not say what".to_owned())
        };
        Ok(ForgeError::Refused {
            what: spec.shown(),
            why,
        })
    }

    fn labels_at(&self, call: &Call<'_>, path: &str) -> Result<Vec<WireLabel>, ForgeError> {
        let repository = &self.client.access.repository;
        call.pages(path, "limit=50", &|answer| {
            refused(call, answer, &format!("the list of labels of {repository}"))
        })
    }
}

impl Dialect for Inner {
    fn client(&self) -> &Client {
        &self.client
    }

    /// All that are open: older servers do not pick those of a branch.
    fn list_open(
        &self,
        call: &Call<'_>,
        _head: &str,
        _base: Option<&str>,
    ) -> Result<Vec<WirePull>, ForgeError> {
        let path = self.client.repository_path("/pulls");
        call.pages(&path, "state=open&limit=50", &|answer| {
            refused(call, answer, &self.client.access.repository.to_string())
        })
    }

    fn create(
        &self,
        call: &Call<'_>,
        spec: &PullRequestSpec,
        base: &str,
    ) -> Result<Created, ForgeError> {
        self.check_commits(call, spec, base)?;
        let body = json!({
            "title": self.title(spec.text.title(), spec.is_draft),
            "body": spec.text.body(),
            "head": spec.head,
            "base": base,
        });
        let path = self.client.repository_path("/pulls");
        let answer = call.send(Method::Post, &path, Some(&body))?;
        match answer.status {
            _ if answer.is_good() => Ok(Created::Made(Box::new(answer.json()?))),
            409 => Ok(Created::Exists),
            404 => Err(self.missing(call, spec, base)?),
            _ => Err(refused(call, &answer, &spec.shown())),
        }
    }

    fn may_double(&self) -> bool {
        true
    }

    fn title(&self, title: &str, is_draft: bool) -> String {
        if is_draft && !is_marked(title) {
            format!("{DRAFT}{title}")
        } else {
            title.to_owned()
        }
    }

    fn is_draft(&self, pull: &WirePull) -> bool {
        // Older servers do not say it.
        pull.draft.unwrap_or_else(|| is_marked(&pull.title))
    }

    fn add_labels(
        &self,
        call: &Call<'_>,
        number: u64,
        labels: &[&str],
        omitted: &mut Vec<Omission>,
    ) -> Result<(), ForgeError> {
        let known = self.labels_at(call, &self.client.repository_path("/labels"));
        let mut known = match known {
            Ok(known) => known,
            // The pull request is there, and matters more.
            Err(error @ (ForgeError::Forbidden { .. } | ForgeError::NotFound { .. })) => {
                let why = error.to_string();
                omitted.extend(labels.iter().map(|label| Omission::label(label, &*why)));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let id = |known: &[WireLabel], name: &str| {
            known
                .iter()
                .find(|label| label.name == name)
                .map(|label| label.id)
        };
        if labels.iter().any(|label| id(&known, label).is_none()) {
            let owner = self.client.access.repository.owner();
            // Users have none, and a token need not be for organizations.
            match self.labels_at(call, &format!("/orgs/{owner}/labels")) {
                Ok(more) => known.extend(more),
                Err(ForgeError::Forbidden { .. } | ForgeError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let mut ids = Vec::new();
        let mut added = Vec::new();
        for label in labels {
            match id(&known, label) {
                Some(id) => {
                    ids.push(id);
                    added.push(*label);
                }
                None => omitted.push(Omission::label(label, "there is no such label; create it")),
            }
        }
        if ids.is_empty() {
            return Ok(());
        }
        let path = self
            .client
            .repository_path(&format!("/issues/{number}/labels"));
        let answer = call.send(Method::Post, &path, Some(&json!({ "labels": ids })))?;
        if !answer.is_good() {
            let why = answer.message();
            omitted.extend(added.iter().map(|label| Omission::label(label, &*why)));
        }
        Ok(())
    }
}

fn is_marked(title: &str) -> bool {
    let title = title.trim_start().to_ascii_lowercase();
    DRAFTS.iter().any(|mark| title.starts_with(mark))
}

/// Slashes stay: proxies refuse, or decode, the encoded ones.
fn branch_encoded(name: &str) -> String {
    let parts: Vec<String> = name.split('/').map(encoded).collect();
    parts.join("/")
}
