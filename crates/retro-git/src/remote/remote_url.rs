//! Addresses of repositories, whose secrets never show.

use std::fmt;
use std::path::{Path, PathBuf};

use super::credentials::Credential;
use crate::GitError;

/// The address of a repository: an https, http, ssh or file URL, `user@host:path`, or a path.
///
/// Shown without the part before `@`, which may hold a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct RemoteUrl(Kind);

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Http(HttpUrl),
    Ssh(SshTarget),
    Local(PathBuf),
}

/// An http or https address.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct HttpUrl {
    pub(super) is_https: bool,
    /// In lower case, an IPv6 address in its brackets.
    pub(super) host: String,
    pub(super) port: Option<u16>,
    /// With a `/` at its start and none at its end, percent-encoded as it was given.
    pub(super) path: String,
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
}

/// What an ssh address leads to.
#[derive(Clone, PartialEq, Eq)]
pub struct SshTarget {
    /// The user, where one is named.
    pub user: Option<String>,
    /// The host, an IPv6 address without brackets.
    pub host: String,
    /// The port, where one is named.
    pub port: Option<u16>,
    /// The path as git on that host is to see it.
    pub path: String,
}

impl RemoteUrl {
    /// Reads an address.
    ///
    /// # Errors
    ///
    /// [`GitError::BadUrl`], which does not show the address: nobody knows where in it a secret is.
    pub fn parse(text: &str) -> Result<Self, GitError> {
        parse(text).map(Self).map_err(|why| GitError::BadUrl {
            why: why.to_owned(),
        })
    }

    pub(super) fn kind(&self) -> &Kind {
        &self.0
    }
}

fn parse(text: &str) -> Result<Kind, &'static str> {
    if text.is_empty() {
        return Err("it is empty");
    }
    if text.chars().any(char::is_control) {
        return Err("it has a control character in it");
    }
    if let Some((scheme, rest)) = text.split_once("://") {
        return match scheme.to_ascii_lowercase().as_str() {
            "https" => Ok(Kind::Http(parse_http(true, rest)?)),
            "http" => Ok(Kind::Http(parse_http(false, rest)?)),
            "ssh" | "git+ssh" | "ssh+git" => Ok(Kind::Ssh(parse_ssh(rest)?)),
            "file" => parse_file(rest),
            _ => Err("its scheme is none of https, http, ssh and file"),
        };
    }
    match text.split_once(':') {
        // As git reads it: a colon before any slash makes it a host's.
        Some((before, path)) if !before.contains('/') => {
            let (user, host) = split_user(before);
            ssh_target(user, host, None, path.to_owned()).map(Kind::Ssh)
        }
        _ => Ok(Kind::Local(PathBuf::from(text))),
    }
}

fn parse_http(is_https: bool, rest: &str) -> Result<HttpUrl, &'static str> {
    if rest.contains(['?', '#']) {
        return Err("it has a query or a fragment, which addresses of repositories do not have");
    }
    if rest.contains([' ', '"', '<', '>', '\\', '^', '`', '{', '|', '}']) || !rest.is_ascii() {
        return Err("it has a character that must be percent-encoded");
    }
    let (authority, path) = rest.split_once('/').ok_or("it has no path")?;
    let (userinfo, host_port) = split_user(authority);
    let (host, port) = split_port(host_port)?;
    let path = path.trim_end_matches('/');
    if path.is_empty() {
        return Err("it has no path");
    }
    let (user, password) = match userinfo.map(|info| info.split_once(':').unwrap_or((info, ""))) {
        Some((user, password)) => (some_decoded(user)?, some_decoded(password)?),
        None => (None, None),
    };
    Ok(HttpUrl {
        is_https,
        host: host.to_ascii_lowercase(),
        port,
        path: format!("/{path}"),
        user,
        password,
    })
}

fn parse_ssh(rest: &str) -> Result<SshTarget, &'static str> {
    let (authority, path) = rest.split_once('/').ok_or("it has no path")?;
    let (user, host_port) = split_user(authority);
    let (host, port) = split_port(host_port)?;
    // `ssh://host/~user/repo` is relative to a home folder.
    let path = if path.starts_with('~') {
        path.to_owned()
    } else {
        format!("/{path}")
    };
    ssh_target(user, host, port, percent_decoded(&path)?)
}

fn ssh_target(
    userinfo: Option<&str>,
    host: &str,
    port: Option<u16>,
    path: String,
) -> Result<SshTarget, &'static str> {
    let user = userinfo.map(|info| info.split(':').next().unwrap_or(info));
    if path.is_empty() || path == "/" {
        return Err("it has no path");
    }
    // A program that is given such a name would take it for an option.
    if host.starts_with('-') || user.is_some_and(|user| user.starts_with('-')) {
        return Err("its user or host starts with a dash");
    }
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() {
        return Err("it has no host");
    }
    Ok(SshTarget {
        user: user.filter(|user| !user.is_empty()).map(str::to_owned),
        host: host.to_owned(),
        port,
        path,
    })
}

fn parse_file(rest: &str) -> Result<Kind, &'static str> {
    let path = rest.strip_prefix("localhost").unwrap_or(rest);
    if !path.starts_with('/') {
        return Err("file addresses of other hosts are not supported");
    }
    percent_decoded(path).map(|path| Kind::Local(PathBuf::from(path)))
}

fn split_user(authority: &str) -> (Option<&str>, &str) {
    match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    }
}

fn split_port(host_port: &str) -> Result<(&str, Option<u16>), &'static str> {
    let end_of_host = host_port.rfind(']').map_or(0, |at| at + 1);
    let (host, port) = match host_port[end_of_host..].rfind(':') {
        Some(at) => host_port.split_at(end_of_host + at),
        None => (host_port, ""),
    };
    let port = match port.strip_prefix(':') {
        None | Some("") => None,
        Some(digits) => Some(digits.parse().map_err(|_| "its port is not a number")?),
    };
    let inner = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let is_host = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    let is_good = match inner {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.chars().all(is_host),
    };
    is_good.then_some((host, port)).ok_or("its host is not one")
}

fn some_decoded(text: &str) -> Result<Option<String>, &'static str> {
    let decoded = percent_decoded(text)?;
    Ok((!decoded.is_empty()).then_some(decoded))
}

fn percent_decoded(text: &str) -> Result<String, &'static str> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        bytes.push(match byte {
            b'%' => match (digit(rest.next()), digit(rest.next())) {
                (Some(high), Some(low)) => u8::try_from(high * 16 + low).unwrap_or(0),
                _ => return Err("it has a percent sign without two digits behind it"),
            },
            byte => byte,
        });
    }
    match String::from_utf8(bytes) {
        Ok(text) if !text.chars().any(char::is_control) => Ok(text),
        _ => Err("what is percent-encoded in it is no text"),
    }
}

impl HttpUrl {
    pub(super) fn scheme(&self) -> &'static str {
        if self.is_https { "https" } else { "http" }
    }

    pub(super) fn port_or_usual(&self) -> u16 {
        self.port.unwrap_or(if self.is_https { 443 } else { 80 })
    }

    /// Scheme, host and port: all that an error may show of an address it was sent to.
    pub(super) fn origin(&self) -> String {
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://{}{port}", self.scheme(), self.host)
    }

    /// The address as a server may see it.
    pub(super) fn without_user(&self) -> String {
        format!("{}{}", self.origin(), self.path)
    }

    /// Whether credentials for the one are credentials for the other. Over https on the usual ports
    /// it is still the same host.
    pub(super) fn is_same_host(&self, other: &Self) -> bool {
        let is_upgrade = !self.is_https && other.is_https && other.port_or_usual() == 443;
        let is_same_port = self.port_or_usual() == other.port_or_usual();
        self.host == other.host
            && ((self.is_https == other.is_https && is_same_port)
                || (is_upgrade && self.port_or_usual() == 80))
    }

    /// What the address itself says of user and password.
    pub(super) fn own_credential(&self) -> Option<Credential> {
        let password = self.password.as_ref()?;
        let user = self.user.as_deref().unwrap_or_default();
        Some(Credential::new(user, password))
    }

    /// Where a redirect from `self` plus `suffix` leads, without that suffix.
    pub(super) fn redirected(&self, location: &str, suffix: &str) -> Result<Self, &'static str> {
        let absolute = if location.starts_with("//") {
            format!("{}:{location}", self.scheme())
        } else if location.starts_with('/') {
            format!("{}{location}", self.origin())
        } else {
            location.to_owned()
        };
        let base = absolute
            .strip_suffix(suffix)
            .ok_or("it does not lead to a repository's list of references")?;
        let mut target = match parse(base)? {
            Kind::Http(target) => target,
            _ => return Err("it leads away from http and https"),
        };
        if self.is_https && !target.is_https {
            return Err("it leads from https to http");
        }
        // What a server puts there is no secret of the user's.
        (target.user, target.password) = (None, None);
        Ok(target)
    }
}

impl SshTarget {
    /// The path in quotes, for the shell at the other end.
    pub(super) fn quoted_path(&self) -> String {
        format!(
            "'{}'",
            self.path.replace('\'', r"'\''").replace('!', r"'\!'")
        )
    }
}

impl fmt::Display for RemoteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Http(url) => {
                let user = if url.user.is_some() || url.password.is_some() {
                    "***@"
                } else {
                    ""
                };
                let port = url.port.map(|port| format!(":{port}")).unwrap_or_default();
                write!(f, "{}://{user}{}{port}{}", url.scheme(), url.host, url.path)
            }
            Kind::Ssh(target) => write!(f, "{target:?}"),
            Kind::Local(path) => write!(f, "{}", path.display()),
        }
    }
}

impl fmt::Debug for RemoteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for SshTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = if self.user.is_some() { "***@" } else { "" };
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        let slash = if self.path.starts_with('/') { "" } else { "/" };
        write!(f, "ssh://{user}{}{port}{slash}{}", self.host, self.path)
    }
}

/// The path of a repository on this machine as a file URL, for libgit2.
pub(super) fn file_url(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt as _;
    let mut url = "file://".to_owned();
    for &byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, shown: &str) {
        assert_eq!(RemoteUrl::parse(text).unwrap().to_string(), shown);
    }

    fn http(text: &str) -> HttpUrl {
        match parse(text) {
            Ok(Kind::Http(url)) => url,
            _ => panic!("{text} is an http address"),
        }
    }

    #[test]
    fn addresses_of_every_kind_are_read_and_shown_without_users() {
        check("https://example.com/o/r.git", "https://example.com/o/r.git");
        check("HTTPS://Example.COM/o/r/", "https://example.com/o/r");
        check(
            "https://u:secret@h.example/o/r",
            "https://***@h.example/o/r",
        );
        check(
            "http://token@127.0.0.1:8080/r",
            "http://***@127.0.0.1:8080/r",
        );
        check("https://a@b:c@h.example/r", "https://***@h.example/r");
        check("http://[::1]:80/r", "http://[::1]:80/r");
        check("git@example.com:o/r.git", "ssh://***@example.com/o/r.git");
        check(
            "ssh://git@example.com:22/o/r",
            "ssh://***@example.com:22/o/r",
        );
        check("file:///some/where", "/some/where");
        check("file:///some%20where", "/some where");
        check("/some/where", "/some/where");
        check("./here:there", "./here:there");
        assert_eq!(
            format!("{:?}", RemoteUrl::parse("https://u:p@h/r")),
            "Ok(https://***@h/r)"
        );
    }

    #[test]
    fn what_is_not_an_address_is_not_shown() {
        for text in [
            "",
            "https://hush",
            "https://hush@/r",
            "https://hush@h:port/r",
            "https://hush@h/r?token=hush",
            "https://hush%zz:hush@h/r",
            "https://h h/hush",
            "ftp://hush@h/r",
            "ssh://-ohush/r",
            "-ohush:r",
            "file://hush/r",
            "https://h/hush\nr",
        ] {
            let error = RemoteUrl::parse(text).unwrap_err();
            assert!(matches!(error, GitError::BadUrl { .. }), "{text}");
            let said = format!("{error} {error:?}");
            assert!(!said.contains("hush"), "{said}");
        }
    }

    #[test]
    fn user_and_password_are_decoded() {
        let url = http("https://me%40x:p%3Aw@h/r");
        assert_eq!(url.user.as_deref(), Some("me@x"));
        assert_eq!(url.password.as_deref(), Some("p:w"));
        assert_eq!(url.without_user(), "https://h/r");
    }

    #[test]
    fn credentials_stay_with_their_host() {
        let same = |one: &str, other: &str| http(one).is_same_host(&http(other));
        assert!(same("https://h/r", "https://H:443/other"));
        assert!(same("http://h/r", "https://h/r"));
        assert!(!same("https://h/r", "http://h/r"));
        assert!(!same("https://h/r", "https://g.h/r"));
        assert!(!same("https://h/r", "https://h:8443/r"));
        assert!(!same("http://h:8080/r", "https://h/r"));
    }

    #[test]
    fn redirects_are_followed_to_the_same_kind_of_place_only() {
        let suffix = "/info/refs?service=git-upload-pack";
        let to = |location: &str| {
            let url = http("https://h:1/r").redirected(&format!("{location}{suffix}"), suffix);
            url.map(|url| url.without_user())
        };
        assert_eq!(to("https://g/r.git").as_deref(), Ok("https://g/r.git"));
        assert_eq!(to("/r.git").as_deref(), Ok("https://h:1/r.git"));
        assert_eq!(to("//g/r.git").as_deref(), Ok("https://g/r.git"));
        assert_eq!(to("https://u:p@g/r").as_deref(), Ok("https://g/r"));
        assert!(to("http://h/r").is_err());
        assert!(to("file:///r").is_err());
        assert!(
            http("https://h/r")
                .redirected("https://h/login", suffix)
                .is_err()
        );
    }
}
