//! Changing one reference of a remote.

use std::cell::RefCell;
use std::rc::Rc;

use git2::{Direction, Oid, PushOptions, RemoteCallbacks, Repository};

use super::Remote;
use super::advertisement::Advertised;
use super::link::{Link, Side};
use super::options::{FetchNote, FetchOptions};
use super::retry::{GaveUp, persist};
use super::session::Failure;
use crate::GitError;

/// As much of what a server says is kept.
const MAX_SAID: usize = 2_000;

/// What a reference is to become.
pub(crate) struct ReferenceUpdate<'a> {
    /// Its full name.
    pub(crate) reference: &'a str,
    /// What it is to name; nothing removes it.
    pub(crate) new: Option<Oid>,
    /// Whether what it names now (nothing, where it is not there) may be replaced. That is looked at
    /// and replaced in one: the server keeps anything else that comes in between.
    pub(crate) may_replace: &'a dyn Fn(Option<Oid>) -> bool,
}

/// What became of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ReferenceAnswer {
    /// It was changed.
    Updated,
    /// It was like this before.
    AlreadyThere,
    /// It names something that may not be replaced; nothing was changed.
    Moved(Option<Oid>),
    /// The server does not take it, in these words.
    Rejected(String),
}

/// Changes one reference of a remote, and brings the objects that this needs. Trouble on the network is
/// met with further tries; a try after one whose end is not known finds what that one did.
pub(crate) fn update_reference(
    remote: &Remote,
    repository: &Repository,
    update: &ReferenceUpdate<'_>,
    options: &FetchOptions<'_>,
    notes: &mut dyn FnMut(FetchNote),
) -> Result<ReferenceAnswer, GitError> {
    let link = Link::open(remote, options).map_err(GitError::of_push)?;
    if !update.reference.is_ascii() {
        return Err(GitError::PushRefused {
            url: link.shown().to_owned(),
            why: format!(
                "the name of {} has letters outside of ASCII; choose another branch",
                update.reference
            ),
        });
    }
    let mut rejected: Option<(Option<Oid>, String)> = None;
    loop {
        let done = persist(options, link.shown(), notes, |_| {
            link.update(repository, update, rejected.as_ref())
        });
        match done {
            // Somebody may have been faster, which the server does not say in words of its own.
            Ok((now, ReferenceAnswer::Rejected(why))) if rejected.is_none() => {
                rejected = Some((now, why));
            }
            Ok((_, answer)) => return Ok(answer),
            Err(GaveUp::Final(error)) => return Err(error.of_push()),
            Err(GaveUp::Unwilling(why)) => {
                let url = link.shown().to_owned();
                return Err(GitError::PushRefused { url, why });
            }
        }
    }
}

impl Link {
    /// What the reference named before, and what became of it. After a rejection, it is only looked at
    /// whether the reference has changed since.
    fn update(
        &self,
        repository: &Repository,
        update: &ReferenceUpdate<'_>,
        rejected: Option<&(Option<Oid>, String)>,
    ) -> Result<(Option<Oid>, ReferenceAnswer), Failure> {
        let failed = |error: git2::Error| self.failure(&error, repository);
        if let Side::Server(registered) = &self.side {
            registered.session().start(true);
        }
        let mut remote = repository.remote_anonymous(&self.address).map_err(failed)?;
        let is_other = |url: &str| url != self.address;
        let push_url = remote.pushurl().ok().flatten();
        if remote.url().ok().is_none_or(is_other) || push_url.is_some_and(is_other) {
            return Err(Failure::Final(GitError::PushRefused {
                url: self.shown().to_owned(),
                why:
                    "a setting of git's (url.….insteadOf or pushInsteadOf) puts another address in \
                      its place; name that one"
                        .to_owned(),
            }));
        }
        let mut connection = remote
            .connect_auth(Direction::Push, None, None)
            .map_err(failed)?;
        let advertised = match &self.side {
            Side::Server(registered) => registered.session().advertised(),
            Side::Folder(path) => Advertised::of_folder(path).map_err(failed)?,
        };
        let now = advertised.target(update.reference);
        if now == update.new {
            return Ok((now, ReferenceAnswer::AlreadyThere));
        }
        if !(update.may_replace)(now) {
            return Ok((now, ReferenceAnswer::Moved(now)));
        }
        if let Some((before, why)) = rejected
            && *before == now
        {
            return Ok((now, ReferenceAnswer::Rejected(why.clone())));
        }
        let source = update.new.map(|id| id.to_string()).unwrap_or_default();
        let refspec = format!("+{source}:{}", update.reference);
        let heard = Rc::new(RefCell::new(Heard::default()));
        let mut options = PushOptions::new();
        options.remote_callbacks(callbacks(&heard, now, update));
        // Packs are small, and other processes want their share.
        options.packbuilder_parallelism(1);
        let pushed = connection.remote().push(&[refspec], Some(&mut options));
        drop(options);
        if heard.borrow().is_other {
            // What libgit2 read is not what we read: nothing was sent.
            return Ok((now, ReferenceAnswer::Moved(now)));
        }
        pushed.map_err(failed)?;
        let heard = heard.borrow();
        match &heard.rejection {
            Some(why) => Ok((now, ReferenceAnswer::Rejected(heard.in_words(why)))),
            None => Ok((now, ReferenceAnswer::Updated)),
        }
    }
}

/// What is heard while libgit2 pushes.
#[derive(Default)]
struct Heard {
    /// Whether the reference was not what it should have been.
    is_other: bool,
    rejection: Option<String>,
    /// What hooks of the server print.
    said: Vec<u8>,
}

impl Heard {
    fn in_words(&self, why: &str) -> String {
        let text = format!("{why}\n{}", String::from_utf8_lossy(&self.said));
        let words = text.split(|c: char| c.is_whitespace() || c.is_control());
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        words.join(" ").chars().take(MAX_SAID).collect()
    }
}

fn callbacks(
    heard: &Rc<RefCell<Heard>>,
    now: Option<Oid>,
    update: &ReferenceUpdate<'_>,
) -> RemoteCallbacks<'static> {
    let mut callbacks = RemoteCallbacks::new();
    let (seen, new) = (Rc::clone(heard), update.new.unwrap_or(Oid::ZERO_SHA1));
    callbacks.push_negotiation(move |updates| {
        let old = now.unwrap_or(Oid::ZERO_SHA1);
        let is_ours = matches!(updates, [one] if one.src() == old && one.dst() == new);
        if !is_ours {
            seen.borrow_mut().is_other = true;
            return Err(git2::Error::from_str("the reference is not what it was"));
        }
        Ok(())
    });
    let seen = Rc::clone(heard);
    callbacks.push_update_reference(move |_, status| {
        if let Some(status) = status {
            seen.borrow_mut().rejection = Some(status.to_owned());
        }
        Ok(())
    });
    let seen = Rc::clone(heard);
    callbacks.sideband_progress(move |bytes| {
        let mut heard = seen.borrow_mut();
        let left = (2 * MAX_SAID).saturating_sub(heard.said.len());
        heard
            .said
            .extend_from_slice(&bytes[..bytes.len().min(left)]);
        true
    });
    callbacks
}
