//! Requests to one forge, with its token.

use std::io;
use std::sync::atomic::Ordering;
use std::time::Duration;

use retro_domain::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use ureq::http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, LINK, LOCATION, RETRY_AFTER,
};
use ureq::http::{Request, Response};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig};
use ureq::{Agent, Body, Proxy};

use super::ForgeAccess;
use super::answer::{Answer, message_of, next_query};
use super::retry::{Decision, Signs, Trouble, decide, trouble};
use crate::ForgeError;

const USER_AGENT: &str = concat!("git-retro/", env!("CARGO_PKG_VERSION"));
const MAX_REDIRECTS: usize = 3;
const MAX_BODY: u64 = 16 * 1024 * 1024;
/// A list with more pages is given up: something is wrong with it.
const MAX_PAGES: usize = 500;
/// Somebody who wants an end is not left waiting longer than this.
const NAP: Duration = Duration::from_millis(200);

/// What is done to the thing at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
    Patch,
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
        }
    }
}

/// How one kind of forge wants to be spoken to.
pub(crate) struct Manners {
    /// What comes before the token.
    pub(crate) scheme: &'static str,
    /// What is accepted.
    pub(crate) accept: &'static str,
    /// A header that names the version of the interface.
    pub(crate) version: Option<(&'static str, &'static str)>,
}

/// Connections to one forge.
pub(crate) struct Client {
    agent: Agent,
    pub(crate) access: ForgeAccess,
    accept: &'static str,
    version: Option<(&'static str, &'static str)>,
    authorization: HeaderValue,
}

impl Client {
    pub(crate) fn new(access: ForgeAccess, manners: &Manners) -> Result<Self, ForgeError> {
        let value = format!("{}{}", manners.scheme, access.token.expose());
        let authorization = HeaderValue::from_str(&value)
            .ok()
            .filter(|_| !access.token.expose().is_empty() && value.is_ascii());
        let mut authorization = authorization.ok_or_else(|| {
            ForgeError::invalid(
                "the token for the forge",
                "it is empty, or has characters that no token has",
            )
        })?;
        authorization.set_sensitive(true);
        let agent = agent(&access)?;
        Ok(Self {
            agent,
            access,
            accept: manners.accept,
            version: manners.version,
            authorization,
        })
    }

    /// Where this repository is, below the interface's address.
    pub(crate) fn repository_path(&self, below: &str) -> String {
        let repository = &self.access.repository;
        format!("/repos/{}/{}{below}", repository.owner(), repository.name())
    }

    /// Starts a call, whose time is counted from now.
    pub(crate) fn call(&self, doing: impl Into<String>) -> Call<'_> {
        Call {
            client: self,
            doing: doing.into(),
            end: self.access.pace.now().plus(self.access.limits.deadline),
        }
    }
}

/// Some requests that belong together, within one deadline.
pub(crate) struct Call<'a> {
    client: &'a Client,
    pub(crate) doing: String,
    end: Timestamp,
}

impl Call<'_> {
    fn access(&self) -> &ForgeAccess {
        &self.client.access
    }

    pub(crate) fn forge(&self) -> String {
        self.access().repository.origin().to_owned()
    }

    fn left(&self) -> Duration {
        self.end.since(self.access().pace.now())
    }

    fn check(&self) -> Result<(), ForgeError> {
        let doing = || self.doing.clone();
        let flag = self.access().cancelled.as_ref();
        if flag.is_some_and(|flag| flag.load(Ordering::Relaxed)) {
            return Err(ForgeError::Cancelled { doing: doing() });
        }
        if self.left().is_zero() {
            return Err(ForgeError::TimeUp { doing: doing() });
        }
        Ok(())
    }

    /// Waits in short naps.
    pub(crate) fn wait(&self, time: Duration) -> Result<(), ForgeError> {
        let mut left = time;
        while !left.is_zero() {
            self.check()?;
            let nap = left.min(NAP);
            self.access().pace.sleep(nap);
            left -= nap;
        }
        self.check()
    }

    /// Sends a request until there is an answer that is no trouble; that may be a refusal. `path` is
    /// below the interface's address, and may have a query.
    pub(crate) fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, ForgeError> {
        let body = body.map(|body| body.to_string().into_bytes());
        let limits = &self.access().limits;
        let mut tries = 0;
        loop {
            self.check()?;
            tries += 1;
            let met = match self.follow(method, path, body.as_deref(), tries) {
                Ok(answer) => return Ok(answer),
                Err(End::Final(error)) => return Err(error),
                Err(End::Trouble(met)) => met,
            };
            self.check()?;
            match decide(&met, tries, self.left(), limits, &*self.access().pace) {
                Decision::Wait(time) => self.wait(time)?,
                Decision::GiveUp => return Err(self.given_up(met, tries)),
            }
        }
    }

    fn given_up(&self, met: Trouble, tries: u32) -> ForgeError {
        match met {
            Trouble::Limited(wait) => ForgeError::RateLimited {
                forge: self.forge(),
                wait,
            },
            Trouble::Failed { why, asked } => ForgeError::Unavailable {
                forge: self.forge(),
                doing: self.doing.clone(),
                tries,
                why: match asked {
                    Some(asked) => format!("{why} and asks to wait {} s", asked.as_secs()),
                    None => why,
                },
            },
        }
    }

    /// What is on all pages of a list. Where no `Link` names the next page, the total tells whether
    /// there is one.
    pub(crate) fn pages<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &str,
        refused: &dyn Fn(&Answer) -> ForgeError,
    ) -> Result<Vec<T>, ForgeError> {
        let mut all = Vec::new();
        let mut current = query.to_owned();
        for page in 1..=MAX_PAGES {
            let answer = self.send(Method::Get, &format!("{path}?{current}"), None)?;
            if !answer.is_good() {
                return Err(refused(&answer));
            }
            let found: Vec<T> = answer.json()?;
            let is_empty = found.is_empty();
            all.extend(found);
            current = match answer.next {
                Some(next) if next == current => break,
                Some(next) => next,
                None if !is_empty && answer.total.is_some_and(|total| total > all.len()) => {
                    format!("{query}&page={}", page + 1)
                }
                None => return Ok(all),
            };
        }
        Err(self.unexpected("a list of it does not end"))
    }

    pub(crate) fn unexpected(&self, why: impl Into<String>) -> ForgeError {
        ForgeError::Unexpected {
            forge: self.forge(),
            doing: self.doing.clone(),
            why: why.into(),
        }
    }

    /// Sends a request once, and where redirects on the same host lead.
    fn follow(
        &self,
        method: Method,
        path: &str,
        body: Option<&[u8]>,
        tries: u32,
    ) -> Result<Answer, End> {
        let mut address = format!("{}{path}", self.access().repository.interface());
        for _ in 0..=MAX_REDIRECTS {
            let mut answer = self
                .exchange(method, &address, body)
                .map_err(|error| self.met(&error))?;
            if !matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                return self.read(&mut answer, tries);
            }
            address = self.redirected(method, &answer).map_err(End::Final)?;
        }
        Err(End::Final(self.unexpected("it redirects again and again")))
    }

    fn exchange(
        &self,
        method: Method,
        address: &str,
        body: Option<&[u8]>,
    ) -> Result<Response<Body>, ureq::Error> {
        let client = self.client;
        let mut request = Request::builder()
            .method(method.name())
            .uri(address)
            .header(ACCEPT, client.accept)
            .header(AUTHORIZATION, client.authorization.clone());
        if let Some((name, value)) = client.version {
            request = request.header(name, value);
        }
        let timeout = self.access().limits.attempt.min(self.left());
        match body {
            None => {
                let request = client.agent.configure_request(request.body(())?);
                client
                    .agent
                    .run(request.timeout_global(Some(timeout)).build())
            }
            Some(body) => {
                let request = request
                    .header(CONTENT_TYPE, "application/json")
                    .body(body)?;
                let request = client.agent.configure_request(request);
                client
                    .agent
                    .run(request.timeout_global(Some(timeout)).build())
            }
        }
    }

    fn read(&self, answer: &mut Response<Body>, tries: u32) -> Result<Answer, End> {
        let status = answer.status().as_u16();
        let body = answer
            .body_mut()
            .with_config()
            .limit(MAX_BODY)
            .read_to_vec();
        let body = match body {
            Ok(body) => body,
            Err(ureq::Error::BodyExceedsLimit(_)) => {
                return Err(End::Final(self.unexpected("it is too long")));
            }
            Err(error) => return Err(self.met(&error)),
        };
        let message = self.access().token.removed_from(&message_of(&body));
        let headers = answer.headers();
        let signs = Signs {
            status,
            retry_after: text(headers, RETRY_AFTER.as_str()),
            remaining: text(headers, "x-ratelimit-remaining"),
            reset: text(headers, "x-ratelimit-reset"),
            message: &message,
        };
        if let Some(met) = trouble(&signs, tries, self.access().pace.now()) {
            return Err(End::Trouble(met));
        }
        Ok(Answer {
            status,
            next: text(headers, LINK.as_str()).and_then(next_query),
            total: text(headers, "x-total-count").and_then(|total| total.parse().ok()),
            body,
            message,
            forge: self.forge(),
            doing: self.doing.clone(),
        })
    }

    /// Where a redirect leads: on the same host, and for a request that changes something only if
    /// the redirect says that it stays one.
    fn redirected(&self, method: Method, answer: &Response<Body>) -> Result<String, ForgeError> {
        let status = answer.status().as_u16();
        if method != Method::Get && !matches!(status, 307 | 308) {
            return Err(self.unexpected(
                "it redirects elsewhere; the repository may have another name now, so name that",
            ));
        }
        let origin = self.access().repository.origin();
        let location = text(answer.headers(), LOCATION.as_str()).unwrap_or_default();
        let is_own_path = location.starts_with('/') && !location.starts_with("//");
        let rest = location.strip_prefix(origin);
        match rest {
            _ if is_own_path => Ok(format!("{origin}{location}")),
            Some(rest) if rest.starts_with('/') => Ok(location.to_owned()),
            _ => Err(self.unexpected(
                "it redirects to another host, to which the token is not sent; name that address",
            )),
        }
    }

    fn met(&self, error: &ureq::Error) -> End {
        use ureq::Error as E;
        let is_tls = match error {
            E::Rustls(_) | E::Tls(_) | E::Pem(_) => true,
            // How a handshake that fails comes out.
            E::Io(error) => error.kind() == io::ErrorKind::InvalidData,
            _ => false,
        };
        let why = self.access().token.removed_from(&error.to_string());
        match error {
            _ if is_tls => End::Final(ForgeError::Unsafe {
                forge: self.forge(),
                why,
            }),
            E::BadUri(_) | E::Http(_) => End::Final(self.unexpected(why)),
            _ => End::Trouble(Trouble::Failed { why, asked: None }),
        }
    }
}

/// Why a request has no answer.
enum End {
    Final(ForgeError),
    Trouble(Trouble),
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn agent(access: &ForgeAccess) -> Result<Agent, ForgeError> {
    let mut tls = TlsConfig::builder();
    if let Some(pem) = &access.certificates {
        let certificates = certificates(pem)
            .map_err(|why| ForgeError::invalid("the certificates to trust", why))?;
        tls = tls.root_certs(RootCerts::new_with_certs(&certificates));
    }
    let proxy = access.proxy.as_deref().map(Proxy::new).transpose();
    let proxy = proxy.map_err(|_| ForgeError::invalid("the proxy's address", "it is not one"))?;
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent(USER_AGENT)
        // Given or absent, never from the environment.
        .proxy(proxy)
        .tls_config(tls.build())
        .timeout_resolve(Some(access.limits.connect))
        .timeout_connect(Some(access.limits.connect))
        .build();
    Ok(config.new_agent())
}

fn certificates(pem: &[u8]) -> Result<Vec<Certificate<'static>>, &'static str> {
    let mut found = Vec::new();
    for item in ureq::tls::parse_pem(pem) {
        match item {
            Ok(PemItem::Certificate(certificate)) => found.push(certificate),
            Ok(_) => {}
            Err(_) => return Err("they are not in PEM"),
        }
    }
    if found.is_empty() {
        return Err("there is no certificate in the PEM that was given");
    }
    Ok(found)
}
