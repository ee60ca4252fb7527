//! Git's smart protocol over http and https.

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use git2::transport::{Service, SmartSubtransportStream};
use ureq::http::Response;
use ureq::http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig};
use ureq::{Agent, Body, BodyReader, Proxy};

use super::credentials::{CredentialScope, Credentials};
use super::options::FetchOptions;
use super::remote_url::HttpUrl;
use super::session::{Failure, Opener, Session, program};
use crate::GitError;

const MAX_REDIRECTS: usize = 5;
/// How often the caller is asked for a credential for one fetch.
const MAX_CREDENTIALS: u32 = 3;
/// Some servers speak the protocol only to clients that start their name like this.
const USER_AGENT: &str = concat!("git/2.0 (git-retro/", env!("CARGO_PKG_VERSION"), ")");

/// What a remote says of its connections.
pub(super) struct HttpSettings<'a> {
    pub(super) credentials: Option<Arc<dyn Credentials>>,
    /// In PEM, in place of those that are built in.
    pub(super) certificates: Option<&'a [u8]>,
    pub(super) proxy: Option<&'a str>,
}

/// Connections to one repository.
pub(super) struct HttpOpener {
    agent: Agent,
    /// As the caller gave it.
    url: HttpUrl,
    shown: String,
    credentials: Option<Arc<dyn Credentials>>,
    state: Arc<Mutex<State>>,
}

struct State {
    /// Where the first request ended, redirects followed.
    base: HttpUrl,
    authorization: Option<Authorization>,
    /// How often credentials were looked for, the address's own included.
    asked: u32,
}

/// What the server took, or has yet to see.
#[derive(Clone)]
struct Authorization {
    header: String,
    is_for_https: bool,
}

impl Authorization {
    /// What was asked for over https is not sent over http, should a redirect be missing next time.
    fn may_go_to(&self, base: &HttpUrl) -> bool {
        base.is_https || !self.is_for_https
    }
}

impl HttpOpener {
    pub(super) fn new(
        url: &HttpUrl,
        shown: String,
        settings: HttpSettings<'_>,
        options: &FetchOptions<'_>,
    ) -> Result<Self, GitError> {
        let agent = agent(&settings, options).map_err(|why| GitError::Refused {
            url: shown.clone(),
            why: why.to_owned(),
        })?;
        Ok(Self {
            agent,
            url: url.clone(),
            shown,
            credentials: settings.credentials,
            state: Arc::new(Mutex::new(State {
                base: url.clone(),
                authorization: None,
                asked: 0,
            })),
        })
    }

    /// What ends every connection at once.
    pub(super) fn agent(&self) -> Agent {
        self.agent.clone()
    }

    /// Asks for the list of references, and follows redirects.
    fn references(&self, session: &Session, program: &str) -> Result<BodyReader<'static>, Failure> {
        let references = format!("/info/refs?service={program}");
        let mut base = self.url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let address = format!("{}{references}", base.without_user());
            let answer = self.ask(session, &base, &address, None)?;
            if !answer.status().is_redirection() {
                self.check(&answer, &format!("application/x-{program}-advertisement"))?;
                locked(&self.state).base = base;
                return Ok(answer.into_body().into_reader());
            }
            let location = answer.headers().get(LOCATION);
            let location = location.and_then(|value| value.to_str().ok());
            let origin = base.origin();
            let refuse =
                |why| self.refuse(format!("a redirect of {origin} is not followed: {why}"));
            base = base
                .redirected(location.unwrap_or_default(), &references)
                .map_err(refuse)?;
        }
        Err(self.refuse(format!(
            "it redirects more than {MAX_REDIRECTS} times; give the address it ends at"
        )))
    }

    /// Sends a request for a pack, or a pack.
    fn pack(&self, session: &Session, request: &Request) -> Result<BodyReader<'static>, Failure> {
        let base = locked(&self.state).base.clone();
        let program = request.program;
        let address = format!("{}/{program}", base.without_user());
        let answer = self.ask(session, &base, &address, Some(request))?;
        self.check(&answer, &format!("application/x-{program}-result"))?;
        Ok(answer.into_body().into_reader())
    }

    /// Asks once, and again with credentials for as long as there are some that were not tried.
    fn ask(
        &self,
        session: &Session,
        base: &HttpUrl,
        address: &str,
        body: Option<&Request>,
    ) -> Result<Response<Body>, Failure> {
        let is_own_host = self.url.is_same_host(base);
        loop {
            session.stop.check()?;
            let authorization = locked(&self.state).authorization.clone();
            let authorization = authorization
                .filter(|given| is_own_host && given.may_go_to(base))
                .map(|given| given.header);
            let answer = self
                .send(address, authorization, body)
                .map_err(|error| self.trouble(&error))?;
            if answer.status().as_u16() != 401 {
                return Ok(answer);
            }
            if !is_own_host {
                return Err(self.refuse(format!(
                    "it redirects to {}, which asks for credentials; they are only given to the \
                     host that was named, so name that address",
                    base.origin()
                )));
            }
            self.next_credential(base)?;
        }
    }

    fn send(
        &self,
        address: &str,
        authorization: Option<String>,
        body: Option<&Request>,
    ) -> Result<Response<Body>, ureq::Error> {
        match body {
            None => {
                let mut request = self.agent.get(address).header("Accept", "*/*");
                if let Some(value) = authorization {
                    request = request.header(AUTHORIZATION, value);
                }
                request.call()
            }
            Some(Request { program, body }) => {
                let mut request = self
                    .agent
                    .post(address)
                    .header(CONTENT_TYPE, format!("application/x-{program}-request"))
                    .header("Accept", format!("application/x-{program}-result"));
                if let Some(value) = authorization {
                    request = request.header(AUTHORIZATION, value);
                }
                request.send(body.as_slice())
            }
        }
    }

    /// Finds the next credential to try: that of the address, then those that the caller has.
    fn next_credential(&self, base: &HttpUrl) -> Result<(), Failure> {
        let mut state = locked(&self.state);
        state.authorization = None;
        loop {
            let attempt = state.asked;
            state.asked += 1;
            let found = match (attempt, &self.credentials) {
                (0, _) => self.url.own_credential(),
                (attempt, Some(credentials)) if attempt <= MAX_CREDENTIALS => {
                    let scope = CredentialScope {
                        scheme: base.scheme(),
                        host: base.host.clone(),
                        port: base.port_or_usual(),
                        path: self.url.path.clone(),
                        user: self.url.user.clone(),
                    };
                    let found = credentials.credential(&scope, attempt);
                    if found.is_none() && attempt > 1 {
                        return Err(self.refuse(REJECTED));
                    }
                    found
                }
                _ if self.credentials.is_some() => return Err(self.refuse(REJECTED)),
                _ if self.url.password.is_some() => return Err(self.refuse(REJECTED)),
                _ => return Err(self.refuse(WANTED)),
            };
            if let Some(credential) = found {
                state.authorization = Some(Authorization {
                    header: credential.basic(),
                    is_for_https: base.is_https,
                });
                return Ok(());
            }
            if attempt > 0 {
                return Err(self.refuse(WANTED));
            }
        }
    }

    /// What an answer means that is not a list of references or a pack.
    fn check(&self, answer: &Response<Body>, expected: &str) -> Result<(), Failure> {
        let status = answer.status().as_u16();
        let header = |name| answer.headers().get(name)?.to_str().ok();
        match status {
            200 => {
                let found = header(CONTENT_TYPE).unwrap_or_default();
                if found.split(';').next().map(str::trim) == Some(expected) {
                    return Ok(());
                }
                Err(self.refuse("what is there does not speak git's protocol; check the address"))
            }
            408 | 429 | 500..=599 => Err(Failure::Network {
                why: format!("the server answered with status {status}"),
                wait: header(RETRY_AFTER)
                    .and_then(|text| text.trim().parse().ok())
                    .map(Duration::from_secs),
            }),
            403 => Err(self.refuse("the server forbids it (status 403); check the credentials")),
            404 | 410 => Err(self.refuse(format!(
                "the server knows no such repository (status {status}), or does not show it to \
                 everybody; check the address and the credentials"
            ))),
            300..=399 => Err(self.refuse("it redirects in the middle of an exchange")),
            _ => Err(self.refuse(format!("the server answered with status {status}"))),
        }
    }

    fn trouble(&self, error: &ureq::Error) -> Failure {
        use ureq::Error as E;
        let is_tls = match error {
            E::Rustls(_) | E::Tls(_) | E::Pem(_) => true,
            // How a handshake that fails comes out.
            E::Io(error) => error.kind() == io::ErrorKind::InvalidData,
            _ => false,
        };
        match error {
            _ if is_tls => self.refuse(format!(
                "no safe connection: {error}; if it has a certificate of its own, give that"
            )),
            E::InvalidProxyUrl => self.refuse("the proxy's address is not one"),
            error => Failure::network(describe(error)),
        }
    }

    fn refuse(&self, why: impl Into<String>) -> Failure {
        Failure::Final(GitError::Refused {
            url: self.shown.clone(),
            why: why.into(),
        })
    }
}

const WANTED: &str = "the server asks for credentials and there are none; give a token";
const REJECTED: &str = "the server does not take the credentials; check whether they are still \
                        valid and may read this repository";

impl Opener for Arc<HttpOpener> {
    fn is_stateless(&self) -> bool {
        true
    }

    fn open(
        &self,
        session: &Arc<Session>,
        service: Service,
    ) -> Result<Box<dyn SmartSubtransportStream>, Failure> {
        let state = match service {
            Service::UploadPackLs | Service::ReceivePackLs => {
                Exchange::Reading(self.references(session, program(service))?)
            }
            Service::UploadPack | Service::ReceivePack => Exchange::Writing(Request {
                program: program(service),
                body: Vec::new(),
            }),
        };
        Ok(Box::new(HttpStream {
            opener: Arc::clone(self),
            session: Arc::clone(session),
            state,
        }))
    }
}

/// What is sent: which commits are wanted and which are there, or what a push brings.
struct Request {
    program: &'static str,
    body: Vec<u8>,
}

enum Exchange {
    /// A request as libgit2 writes it.
    Writing(Request),
    Reading(BodyReader<'static>),
    /// It failed.
    Over,
}

struct HttpStream {
    opener: Arc<HttpOpener>,
    session: Arc<Session>,
    state: Exchange,
}

impl Write for HttpStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.state {
            Exchange::Writing(request) => request.body.extend_from_slice(bytes),
            _ => return Err(io::Error::other("the request was sent")),
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for HttpStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Exchange::Writing(request) = &self.state {
            self.state = match self.opener.pack(&self.session, request) {
                Ok(reader) => Exchange::Reading(reader),
                Err(failure) => {
                    self.state = Exchange::Over;
                    return Err(self.session.give_up(failure));
                }
            };
        }
        let Exchange::Reading(reader) = &mut self.state else {
            return Err(io::Error::other("the connection was given up"));
        };
        let read = self.session.read(
            |buffer| reader.read(buffer),
            buffer,
            |error| Failure::network(describe(&ureq::Error::from(error))),
        );
        if read.is_err() {
            self.state = Exchange::Over;
        }
        read
    }
}

impl Drop for HttpStream {
    fn drop(&mut self) {
        // Only a connection whose answer was read to its end can be used again.
        if let Exchange::Reading(reader) = &mut self.state
            && self.session.stop.check().is_ok()
        {
            drop(reader.read(&mut [0; 16]));
        }
    }
}

fn agent(settings: &HttpSettings<'_>, options: &FetchOptions<'_>) -> Result<Agent, &'static str> {
    let mut tls = TlsConfig::builder();
    if let Some(pem) = settings.certificates {
        tls = tls.root_certs(RootCerts::new_with_certs(&certificates(pem)?));
    }
    let proxy = settings.proxy.map(Proxy::new).transpose();
    let proxy = proxy.map_err(|_| "the proxy's address is not one")?;
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent(USER_AGENT)
        // Given or absent, never from the environment.
        .proxy(proxy)
        .tls_config(tls.build())
        .timeout_resolve(Some(options.connect_timeout))
        .timeout_connect(Some(options.connect_timeout))
        .timeout_per_read(Some(options.stall_timeout))
        .timeout_per_write(Some(options.stall_timeout))
        .build();
    Ok(config.new_agent())
}

fn certificates(pem: &[u8]) -> Result<Vec<Certificate<'static>>, &'static str> {
    let mut found = Vec::new();
    for item in ureq::tls::parse_pem(pem) {
        match item {
            Ok(PemItem::Certificate(certificate)) => found.push(certificate),
            Ok(_) => {}
            Err(_) => return Err("the certificates that were given are not in PEM"),
        }
    }
    if found.is_empty() {
        return Err("there is no certificate in the PEM that was given");
    }
    Ok(found)
}

fn describe(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(ureq::Timeout::PerRead | ureq::Timeout::PerWrite) => {
            "the server stopped sending".to_owned()
        }
        ureq::Error::Timeout(_) => "no connection was made in time".to_owned(),
        ureq::Error::HostNotFound => "its host was not found".to_owned(),
        ureq::Error::Io(error) => format!("the connection broke: {error}"),
        error => format!("the connection broke: {error}"),
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::super::remote_url::{Kind, RemoteUrl};
    use super::*;

    #[test]
    fn what_was_given_over_https_is_not_sent_over_http() {
        let check = |is_for_https, url: &str, expected| {
            let url = RemoteUrl::parse(url).unwrap();
            let Kind::Http(base) = url.kind() else {
                panic!("an http address");
            };
            let header = String::new();
            let given = Authorization {
                header,
                is_for_https,
            };
            assert_eq!(given.may_go_to(base), expected);
        };
        check(true, "https://h/r", true);
        check(true, "http://h/r", false);
        check(false, "https://h/r", true);
        check(false, "http://h/r", true);
    }
}
