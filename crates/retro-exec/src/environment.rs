//! The environment that a command of a repository gets: what it needs to work, and nothing that it
//! could abuse.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::tool_homes::tool_homes;

/// What a command's environment holds beside the base set.
///
/// The base set, passed when the caller has it: `PATH`, `LANG`, `LANGUAGE`, `LC_*`, `TZ`, `USER`,
/// `LOGNAME`, `SHELL`, `TMPDIR`, certificates of the machine (`SSL_CERT_FILE`, `SSL_CERT_DIR`),
/// and what a dynamic toolchain set-up needs (`LD_LIBRARY_PATH`, `JAVA_HOME`, `GOROOT`,
/// `RUSTUP_TOOLCHAIN`, `NIX_SSL_CERT_FILE`, `PKG_CONFIG_PATH`). `TERM` is `dumb`, since output goes to
/// a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentPolicy {
    /// Names of variables to pass on, a trailing `*` standing for any ending.
    ///
    /// A pattern never matches a name that looks like a credential ([`is_credential`]): such a
    /// variable passes when it is listed by its exact name. Nothing here passes the variables that
    /// point git at another repository (`GIT_DIR` and its family).
    pub allow: Vec<String>,
    /// Variables with fixed values; they win over everything else.
    pub fixed: BTreeMap<String, String>,
    /// Whose home directory the command sees.
    pub home: Home,
    /// `TMPDIR` of the command; without it, that of the caller.
    pub tmp_dir: Option<PathBuf>,
}

/// Whose home directory a command sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Home {
    /// This directory, empty at first.
    ///
    /// `HOME` is this directory and the `XDG_*` homes are below it, so that no configuration of the
    /// user changes a result and no credential file is found by habit. Toolchains and download
    /// caches, which live in the user's home, are named by their own variables (`CARGO_HOME`,
    /// `GOMODCACHE`, …) so that tools neither stop working nor download the world again.
    ///
    /// The trade-off: commands can write to those caches and read what else is in them
    /// (`CARGO_HOME` may hold a registry token in `credentials.toml`). Nothing is a sandbox here: a
    /// command runs as the user and can open the user's files by their full paths.
    Own(PathBuf),
    /// The user's, with everything in it: `HOME` and the `XDG_*` homes pass as they are.
    User,
}

/// The environment for a command, made from the caller's: sorted by name, each name once. Pure.
///
/// In order, later steps winning: the base set and what [`allow`](EnvironmentPolicy::allow) names;
/// the home; settings that keep git from asking, running hooks or file-system monitors, and reading
/// the system's configuration (tests of hooks need `GIT_CONFIG_COUNT=0` as a fixed variable); the
/// fixed variables. Variables of CI systems (`CI`, `GITHUB_*`, …) do not
/// pass unless allowed, so that a suite behaves here as it does there.
///
/// `exists` tells whether a path exists; it is asked about tool homes below the user's home, which
/// are only named where they are.
pub fn clean_environment(
    base: &BTreeMap<OsString, OsString>,
    policy: &EnvironmentPolicy,
    exists: &dyn Fn(&Path) -> bool,
) -> Vec<(OsString, OsString)> {
    let mut clean: BTreeMap<OsString, OsString> = base
        .iter()
        .filter(|(name, _)| passes(name, policy))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    clean.insert("TERM".into(), "dumb".into());
    match &policy.home {
        Home::User => {
            let kept = base
                .iter()
                .filter(|(name, _)| HOMES.iter().any(|home| *name == home));
            clean.extend(kept.map(|(name, value)| (name.clone(), value.clone())));
        }
        Home::Own(own) => {
            // What the caller has set for itself is kept by `or_insert`: it is only more exact.
            for (name, value) in tool_homes(base, exists) {
                clean.entry(name.into()).or_insert(value);
            }
            clean.insert("HOME".into(), own.into());
            for (name, below) in OWN_HOMES {
                clean.insert(name.into(), own.join(below).into());
            }
        }
    }
    if let Some(folder) = &policy.tmp_dir {
        clean.insert("TMPDIR".into(), folder.into());
    }
    for (name, value) in QUIET_GIT {
        clean.insert(name.into(), value.into());
    }
    let fixed = policy
        .fixed
        .iter()
        .filter(|(name, _)| !names_repository(OsStr::new(name)));
    clean.extend(fixed.map(|(name, value)| (name.into(), value.into())));
    clean.into_iter().collect()
}

const BASE_SET: &[&str] = &[
    "PATH",
    "LANG",
    "LANGUAGE",
    "TZ",
    "USER",
    "LOGNAME",
    "SHELL",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NIX_SSL_CERT_FILE",
    "LD_LIBRARY_PATH",
    "PKG_CONFIG_PATH",
    "JAVA_HOME",
    "GOROOT",
    "RUSTUP_TOOLCHAIN",
];

const HOMES: &[&str] = &[
    "HOME",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "XDG_RUNTIME_DIR",
];

/// `XDG_RUNTIME_DIR` is left out: it holds sockets of the user's session.
const OWN_HOMES: [(&str, &str); 4] = [
    ("XDG_CONFIG_HOME", ".config"),
    ("XDG_CACHE_HOME", ".cache"),
    ("XDG_DATA_HOME", ".local/share"),
    ("XDG_STATE_HOME", ".local/state"),
];

/// Configuration through the environment outranks every file, the repository's own included.
const QUIET_GIT: [(&str, &str); 9] = [
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_ASKPASS", "true"),
    ("SSH_ASKPASS_REQUIRE", "never"),
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_CONFIG_COUNT", "2"),
    ("GIT_CONFIG_KEY_0", "core.hooksPath"),
    ("GIT_CONFIG_VALUE_0", "/dev/null"),
    ("GIT_CONFIG_KEY_1", "core.fsmonitor"),
    ("GIT_CONFIG_VALUE_1", "false"),
];

fn passes(name: &OsStr, policy: &EnvironmentPolicy) -> bool {
    if redirects_git(name) {
        return false;
    }
    let base = BASE_SET.iter().any(|base| name == *base) || is_locale(name);
    base || policy
        .allow
        .iter()
        .any(|allowed| match allowed.strip_suffix('*') {
            Some(prefix) => name.as_bytes().starts_with(prefix.as_bytes()) && !is_credential(name),
            None => name == allowed.as_str(),
        })
}

fn is_locale(name: &OsStr) -> bool {
    name.as_bytes().starts_with(b"LC_") && !is_credential(name)
}

/// Variables that make git look at another repository, index or object store than the one it finds
/// from its directory. They would send a command of one work tree into another.
fn names_repository(name: &OsStr) -> bool {
    const FAMILY: &[&str] = &[
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_NAMESPACE",
        "GIT_PREFIX",
        "GIT_INTERNAL_SUPER_PREFIX",
        "GIT_GRAFT_FILE",
        "GIT_SHALLOW_FILE",
        "GIT_REPLACE_REF_BASE",
        "GIT_NO_REPLACE_OBJECTS",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_QUARANTINE_PATH",
    ];
    FAMILY.iter().any(|member| name == *member)
}

/// What never passes from the caller: also the configuration and the programs that a calling git
/// hands down.
fn redirects_git(name: &OsStr) -> bool {
    names_repository(name) || name.as_bytes().starts_with(b"GIT_CONFIG") || name == "GIT_EXEC_PATH"
}

/// Whether a variable's name says that it holds, or leads to, a credential. Such variables pass only
/// by their exact name.
///
/// Names are compared by their parts between underscores, without regard to case: `GH_TOKEN`,
/// `npm_config__authToken`, `AWS_ACCESS_KEY_ID` and `SSH_AUTH_SOCK` are credentials, `TOKENIZERS_PARALLELISM`
/// is not.
pub fn is_credential(name: &OsStr) -> bool {
    const PARTS: &[&str] = &[
        "TOKEN",
        "TOKENS",
        "SECRET",
        "SECRETS",
        "PASSWORD",
        "PASSWD",
        "PASS",
        "PASSPHRASE",
        "PAT",
        "CREDENTIAL",
        "CREDENTIALS",
        "APIKEY",
        "KEY",
        "KEYS",
        "AUTH",
        "ASKPASS",
        "COOKIE",
        "DSN",
        "WEBHOOK",
        "JWT",
    ];
    const ENDINGS: &[&str] = &[
        "TOKEN",
        "SECRET",
        "PASSWORD",
        "APIKEY",
        "KUBECONFIG",
        "PGPASSFILE",
    ];
    let name = name.to_string_lossy().to_ascii_uppercase();
    let cloud = [
        "AWS_",
        "AZURE_",
        "ARM_",
        "GOOGLE_APPLICATION_",
        "CLOUDSDK_",
        "DOCKER_AUTH",
    ];
    cloud.iter().any(|prefix| name.starts_with(prefix))
        || name.split('_').any(|part| PARTS.contains(&part))
        || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
#[path = "environment_tests.rs"]
mod tests;
