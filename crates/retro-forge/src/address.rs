//! Where a repository's forge listens, and what the repository is called there.

use std::fmt;

use crate::ForgeError;

/// Which interface a forge speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ForgeKind {
    /// github.com, GitHub Enterprise Cloud and GitHub Enterprise Server.
    GitHub,
    /// Forgejo, and Gitea, which it comes from.
    Forgejo,
}

impl ForgeKind {
    /// The kind of the well-known host that a remote's address names; `None` when that does not
    /// tell, as for every host of one's own.
    pub fn of_remote(remote: &str) -> Option<Self> {
        let host = Remote::parse(remote).ok()?.host;
        match host.as_str() {
            "github.com" | "www.github.com" | "ssh.github.com" => Some(Self::GitHub),
            host if host.ends_with(".ghe.com") => Some(Self::GitHub),
            "codeberg.org" | "gitea.com" => Some(Self::Forgejo),
            _ => None,
        }
    }
}

/// A repository on a forge.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ForgeRepository {
    kind: ForgeKind,
    /// Scheme, host and port, and the path with a `/` at its start, if any, and none at its end.
    origin: String,
    path: String,
    owner: String,
    name: String,
}

impl ForgeRepository {
    /// The repository that git knows by this address, over https or ssh.
    ///
    /// The interface is the one of the host: of github.com at `api.github.com`, of other hosts of
    /// GitHub below `/api/v3`, of Forgejo below `/api/v1` (and below the path that the forge itself
    /// is at, which an https address tells and an ssh address does not).
    ///
    /// # Errors
    ///
    /// [`ForgeError::Invalid`], which never shows the address, when it is none of a host, names no
    /// owner and repository, or is of plain http to another machine: a token would go over it.
    pub fn from_remote(kind: ForgeKind, remote: &str) -> Result<Self, ForgeError> {
        let remote = Remote::parse(remote).map_err(|why| {
            ForgeError::invalid(
                "the address of the remote names no repository on a forge",
                why,
            )
        })?;
        let parts = remote.path.len();
        let (Some(name), Some(owner)) =
            (remote.path.last(), remote.path.get(parts.wrapping_sub(2)))
        else {
            return Err(ForgeError::invalid(
                "the address of the remote names no repository on a forge",
                "its path has no owner and name; give the forge's address, owner and name instead",
            ));
        };
        if kind == ForgeKind::GitHub && parts != 2 {
            return Err(ForgeError::invalid(
                "the address of the remote names no repository on a forge",
                "its path is more than owner and name",
            ));
        }
        let below = match kind {
            ForgeKind::Forgejo if remote.is_web => remote.path[..parts - 2].join("/"),
            _ => String::new(),
        };
        let host = remote.host.as_str();
        let (origin, path) = match kind {
            ForgeKind::GitHub if is_github_com(host) => {
                ("https://api.github.com".to_owned(), String::new())
            }
            ForgeKind::GitHub if host.ends_with(".ghe.com") => {
                (format!("https://api.{host}"), String::new())
            }
            ForgeKind::GitHub => (remote.origin(), "/api/v3".to_owned()),
            ForgeKind::Forgejo if below.is_empty() => (remote.origin(), "/api/v1".to_owned()),
            ForgeKind::Forgejo => (remote.origin(), format!("/{below}/api/v1")),
        };
        Self::new(kind, origin, path, owner, name)
    }

    /// The repository of this owner and name, on the forge whose interface is at this address, such
    /// as `https://forge.example/api/v1`.
    ///
    /// # Errors
    ///
    /// As [`ForgeRepository::from_remote`].
    pub fn at(
        kind: ForgeKind,
        interface: &str,
        owner: &str,
        name: &str,
    ) -> Result<Self, ForgeError> {
        let fail =
            |why: &str| ForgeError::invalid("the address of the forge's interface is not one", why);
        let remote = Remote::parse_web(interface).map_err(|why| fail(&why))?;
        let path = remote.path.join("/");
        let path = if path.is_empty() {
            path
        } else {
            format!("/{path}")
        };
        Self::new(kind, remote.origin(), path, owner, name)
    }

    fn new(
        kind: ForgeKind,
        origin: String,
        path: String,
        owner: &str,
        name: &str,
    ) -> Result<Self, ForgeError> {
        for part in [owner, name] {
            let is_part = !matches!(part, "" | "." | "..")
                && part
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
            if !is_part {
                return Err(ForgeError::invalid(
                    "the owner or the name of the repository is not one",
                    "they are made of letters, digits, and the characters - _ .",
                ));
            }
        }
        Ok(Self {
            kind,
            origin,
            path,
            owner: owner.to_owned(),
            name: name.to_owned(),
        })
    }

    /// Which interface is spoken there.
    pub fn kind(&self) -> ForgeKind {
        self.kind
    }

    /// The address of the interface.
    pub fn interface(&self) -> String {
        format!("{}{}", self.origin, self.path)
    }

    /// Scheme, host and port of the interface.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Who has the repository.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for ForgeRepository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} on {}", self.owner, self.name, self.origin)
    }
}

impl fmt::Debug for ForgeRepository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ForgeRepository({:?}, {self})", self.kind)
    }
}

fn is_github_com(host: &str) -> bool {
    matches!(host, "github.com" | "www.github.com" | "ssh.github.com")
}

/// An address, taken apart. What is before `@` is left out.
struct Remote {
    /// Whether it is one of http or https, whose path is that of the web.
    is_web: bool,
    scheme: &'static str,
    host: String,
    port: Option<u16>,
    path: Vec<String>,
}

impl Remote {
    fn parse(text: &str) -> Result<Self, String> {
        if let Some((scheme, rest)) = text.split_once("://") {
            return match scheme.to_ascii_lowercase().as_str() {
                "http" | "https" => Self::parse_web(text),
                "ssh" | "git+ssh" | "ssh+git" => {
                    let (authority, path) = rest.split_once('/').ok_or("it has no path")?;
                    Self::over_ssh(authority, path)
                }
                _ => Err("its scheme is none of https and ssh".to_owned()),
            };
        }
        match text.split_once(':') {
            Some((authority, path)) if !authority.contains('/') => {
                // No port is part of this form; an IPv6 address would have brackets.
                Self::over_ssh(authority, path)
            }
            _ => Err("it is a path on this machine".to_owned()),
        }
    }

    /// The web is on the usual port, whichever ssh is on.
    fn over_ssh(authority: &str, path: &str) -> Result<Self, String> {
        let (host, _) = split_port(without_user(authority))?;
        Ok(Self {
            is_web: false,
            scheme: "https",
            host,
            port: None,
            path: parts(path)?,
        })
    }

    fn parse_web(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text.split_once("://").ok_or("it has no scheme")?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "https" => "https",
            "http" => "http",
            _ => return Err("its scheme is not https".to_owned()),
        };
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = split_port(without_user(authority))?;
        if scheme == "http" && !is_loopback(&host) {
            return Err(
                "it is of plain http, over which no token is sent; give one of https".to_owned(),
            );
        }
        Ok(Self {
            is_web: true,
            scheme,
            host,
            port,
            path: parts(path)?,
        })
    }

    fn origin(&self) -> String {
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://{}{port}", self.scheme, self.host)
    }
}

fn without_user(authority: &str) -> &str {
    authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host)
}

fn split_port(text: &str) -> Result<(String, Option<u16>), String> {
    let end_of_host = text.rfind(']').map_or(0, |at| at + 1);
    let (host, port) = match text[end_of_host..].find(':') {
        Some(at) => text.split_at(end_of_host + at),
        None => (text, ""),
    };
    let port = match port.trim_start_matches(':') {
        "" => None,
        digits => Some(digits.parse().map_err(|_| "its port is not a number")?),
    };
    let inner = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let is_host = match inner {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty()
                && !host.starts_with('-')
                && host
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-._".contains(c))
        }
    };
    if !is_host {
        return Err("its host is not one".to_owned());
    }
    Ok((host.to_ascii_lowercase(), port))
}

fn parts(path: &str) -> Result<Vec<String>, String> {
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let parts: Vec<String> = path
        .split('/')
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect();
    let is_good = |part: &String| {
        part != "."
            && part != ".."
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.~".contains(c))
    };
    if parts.iter().all(is_good) {
        Ok(parts)
    } else {
        Err("its path has a character that owners and names do not have".to_owned())
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::ForgeKind::{Forgejo, GitHub};
    use super::*;

    #[test]
    fn the_interface_is_that_of_the_remotes_host() {
        let check = |kind, remote: &str, interface: &str| {
            let found = ForgeRepository::from_remote(kind, remote).unwrap();
            assert_eq!(found.interface(), interface, "{remote}");
            assert_eq!(
                (found.owner(), found.name()),
                ("acme", "widgets.rs"),
                "{remote}"
            );
        };
        let github = "https://api.github.com";
        check(GitHub, "https://github.com/acme/widgets.rs.git", github);
        check(
            GitHub,
            "https://robot:hunter2@GitHub.com/acme/widgets.rs/",
            github,
        );
        check(GitHub, "git@github.com:acme/widgets.rs.git", github);
        check(
            GitHub,
            "ssh://git@ssh.github.com:443/acme/widgets.rs",
            github,
        );
        check(
            GitHub,
            "https://acme.ghe.com/acme/widgets.rs",
            "https://api.acme.ghe.com",
        );
        check(
            GitHub,
            "git@git.acme.example:acme/widgets.rs",
            "https://git.acme.example/api/v3",
        );
        check(
            GitHub,
            "https://git.acme.example:8443/acme/widgets.rs",
            "https://git.acme.example:8443/api/v3",
        );
        check(
            Forgejo,
            "https://codeberg.org/acme/widgets.rs.git",
            "https://codeberg.org/api/v1",
        );
        check(
            Forgejo,
            "https://acme.example/git/acme/widgets.rs",
            "https://acme.example/git/api/v1",
        );
        check(
            Forgejo,
            "ssh://git@acme.example:2222/acme/widgets.rs",
            "https://acme.example/api/v1",
        );
        check(
            Forgejo,
            "http://127.0.0.1:3000/acme/widgets.rs",
            "http://127.0.0.1:3000/api/v1",
        );
        check(
            Forgejo,
            "http://[::1]:3000/acme/widgets.rs",
            "http://[::1]:3000/api/v1",
        );
    }

    #[test]
    fn what_is_no_address_of_a_forge_is_refused_without_being_shown() {
        for remote in [
            "",
            "/srv/git/hunter2",
            "file:///srv/acme/hunter2",
            "http://forge.example/acme/hunter2",
            "https://hunter2@forge.example",
            "https://forge.example/hunter2",
            "https://forge.example/acme/hunter2?x",
            "https://forge.example:x/acme/hunter2",
            "https://forge.example/acme/../hunter2",
            "https:///acme/hunter2",
            "https://forge.example/acme/hun%20ter2",
        ] {
            let error = ForgeRepository::from_remote(Forgejo, remote).unwrap_err();
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        assert!(ForgeRepository::at(GitHub, "https://a.example", "acme", "..").is_err());
        assert!(ForgeRepository::at(GitHub, "http://a.example", "acme", "widgets").is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_address_shows_what_is_before_the_host(user in "[a-z]{0,5}", rest in "[a-z0-9@:/.%?#\\[\\] -]{0,40}") {
            for scheme in ["https://", "ssh://", "http://", ""] {
                let remote = format!("{scheme}{user}:SECRET@{rest}");
                for kind in [GitHub, Forgejo] {
                    let shown = match ForgeRepository::from_remote(kind, &remote) {
                        Ok(found) => format!("{found} {found:?} {}", found.interface()),
                        Err(error) => format!("{error} {error:?}"),
                    };
                    // In a form without scheme, a colon begins the path.
                    let is_path = scheme.is_empty();
                    proptest::prop_assert!(is_path || !shown.contains("SECRET"), "{}", shown);
                }
            }
        }
    }

    #[test]
    fn an_interface_can_be_given() {
        let at =
            ForgeRepository::at(Forgejo, "https://a.example/git/api/v1/", "acme", "w").unwrap();
        assert_eq!(at.interface(), "https://a.example/git/api/v1");
        assert_eq!(at.to_string(), "acme/w on https://a.example");
    }

    #[test]
    fn only_well_known_hosts_tell_what_they_are() {
        let check = |remote: &str, kind| assert_eq!(ForgeKind::of_remote(remote), kind, "{remote}");
        check("git@github.com:acme/widgets", Some(GitHub));
        check("https://acme.ghe.com/acme/widgets", Some(GitHub));
        check("https://codeberg.org/acme/widgets", Some(Forgejo));
        check("https://git.acme.example/acme/widgets", None);
        check("/srv/git", None);
    }
}
