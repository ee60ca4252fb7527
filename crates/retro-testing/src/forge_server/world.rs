//! What a forge has.

use std::collections::{BTreeMap, BTreeSet};

/// What a token may do in the repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForgeRights {
    /// Not even see it.
    Nothing,
    /// See it.
    Read,
    /// Open and change pull requests, but nothing of labels: on Forgejo, those are another right.
    WriteWithoutIssues,
    /// Everything that pull requests need.
    Write,
}

/// A forge with one repository.
#[derive(Clone, Debug)]
pub struct ForgeWorld {
    /// Who has the repository.
    pub owner: String,
    /// What it is called.
    pub name: String,
    /// What pull requests go into by default.
    pub default_branch: String,
    /// Its branches, and the names of the commits of each.
    pub branches: BTreeMap<String, BTreeSet<String>>,
    /// Its labels, and the number of each.
    pub labels: Vec<(u64, String)>,
    /// The labels of the organization that has the repository; `None` when a user has it.
    pub owner_labels: Option<Vec<(u64, String)>>,
    /// Who may be asked to look at a pull request. Others do not exist.
    pub reviewers: Vec<String>,
    /// Teams that may be asked.
    pub teams: Vec<String>,
    /// Tokens, whose they are, and what they may do.
    pub tokens: Vec<(String, String, ForgeRights)>,
    /// All pull requests, in the order of their numbers.
    pub pulls: Vec<ServedPull>,
    /// The most entries on a page, whatever is asked for.
    pub page_limit: usize,
    /// Whether GitHub has drafts for this repository.
    pub has_drafts: bool,
    /// What the titles of drafts begin with on Forgejo, in lower case.
    pub draft_marks: Vec<String>,
    /// Whether Forgejo looks for a pull request of the same branches before it makes one. It looks
    /// and makes in two steps, so that two at once both find nothing.
    pub looks_first: bool,
    /// How often a list of pull requests is to be shown without the newest one, as by a replica that
    /// is behind.
    pub stale_lists: usize,
}

/// Where the branch of a pull request is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeadIn {
    /// In the repository itself.
    Own,
    /// In the fork of this owner.
    Fork(String),
    /// Nowhere any more.
    Gone,
}

/// A pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedPull {
    /// From 1.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Its text.
    pub body: String,
    /// The branch to merge.
    pub head: String,
    /// Where that branch is.
    pub head_in: HeadIn,
    /// The branch to merge into.
    pub base: String,
    /// Who opened it.
    pub author: String,
    /// Whether GitHub has it as a draft.
    pub is_draft: bool,
    /// Whether it is open.
    pub is_open: bool,
    /// Whether it was merged.
    pub is_merged: bool,
    /// Its labels.
    pub labels: Vec<String>,
    /// The users who are asked to look at it.
    pub reviewers: Vec<String>,
    /// The teams that are asked.
    pub teams: Vec<String>,
}

impl ForgeWorld {
    /// `acme/widgets` with a branch `main` of one commit. `token` is `robot`'s, who may write.
    pub fn new(token: &str) -> Self {
        Self {
            owner: "acme".to_owned(),
            name: "widgets".to_owned(),
            default_branch: "main".to_owned(),
            branches: [("main".to_owned(), ["a".to_owned()].into())].into(),
            labels: Vec::new(),
            owner_labels: None,
            reviewers: Vec::new(),
            teams: Vec::new(),
            tokens: vec![(token.to_owned(), "robot".to_owned(), ForgeRights::Write)],
            pulls: Vec::new(),
            page_limit: 2,
            has_drafts: true,
            draft_marks: vec!["wip:".to_owned(), "[wip]".to_owned()],
            looks_first: true,
            stale_lists: 0,
        }
    }

    /// Adds a pull request that is open, by somebody else.
    pub fn add_open(&mut self, head: &str, head_in: HeadIn, base: &str) -> u64 {
        let number = self.next_number();
        self.pulls.push(ServedPull {
            number,
            title: format!("What {head} does"),
            body: String::new(),
            head: head.to_owned(),
            head_in,
            base: base.to_owned(),
            author: "stranger".to_owned(),
            is_draft: false,
            is_open: true,
            is_merged: false,
            labels: Vec::new(),
            reviewers: Vec::new(),
            teams: Vec::new(),
        });
        number
    }

    /// The open pull requests of this branch of the repository itself.
    pub fn open_of(&self, head: &str) -> Vec<&ServedPull> {
        let own = |pull: &&ServedPull| pull.is_open && pull.head_in == HeadIn::Own;
        self.pulls
            .iter()
            .filter(own)
            .filter(|pull| pull.head == head)
            .collect()
    }

    pub(super) fn next_number(&self) -> u64 {
        self.pulls.iter().map(|pull| pull.number).max().unwrap_or(0) + 1
    }

    pub(super) fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    pub(super) fn pull(&mut self, number: &str) -> Option<&mut ServedPull> {
        let number: u64 = number.parse().ok()?;
        self.pulls.iter_mut().find(|pull| pull.number == number)
    }

    pub(super) fn has_open(&self, head: &str, base: &str) -> bool {
        self.open_of(head).iter().any(|pull| pull.base == base)
    }

    /// Whose token this is, and what it may do.
    pub(super) fn who(&self, token: &str) -> Option<(String, ForgeRights)> {
        let found = self.tokens.iter().find(|(known, _, _)| known == token);
        found.map(|(_, user, rights)| (user.clone(), *rights))
    }

    /// The pull requests that a list shows, newest first.
    pub(super) fn listed(&mut self) -> Vec<ServedPull> {
        let mut pulls = self.pulls.clone();
        pulls.reverse();
        if self.stale_lists > 0 && !pulls.is_empty() {
            self.stale_lists -= 1;
            pulls.remove(0);
        }
        pulls
    }

    pub(super) fn is_known(names: &[String], name: &str) -> bool {
        names.iter().any(|known| known.eq_ignore_ascii_case(name))
    }
}

impl ServedPull {
    /// Adds what is not there yet.
    pub(super) fn add(to: &mut Vec<String>, name: &str) {
        if !to.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            to.push(name.to_owned());
        }
    }
}
