//! Pushing over every kind of connection.

use retro_git::{GitError, GitTaskWorkspace, PushOutcome, Remote, TaskWorkspace};
use retro_testing::{GitServer, Reaction, ServedRequest};

use crate::ssh::Shell;
use crate::support::{Keyring, remote};
use crate::task_site::{Site, came_through, push};
use crate::tls;

/// `me:token`, as a header holds it.
const TOKEN: &str = "Basic bWU6dG9rZW4=";

fn wants_token(request: &ServedRequest) -> Reaction {
    match request.header("authorization") {
        Some(TOKEN) => Reaction::Serve,
        _ => Reaction::unauthorized(),
    }
}

/// A branch comes through to a remote; the work tree knows no secret of it.
fn check(site: &Site, remote: Remote) -> GitTaskWorkspace {
    let (mut task, commit) = site.begun(remote);
    assert_eq!(push(site, &mut task, &[]).unwrap(), came_through(commit));
    assert_eq!(site.pushed(), Some(commit));
    site.check_remote();
    let config = std::fs::read_to_string(task.work_tree().join(".git/config")).unwrap();
    assert!(
        !config.contains("token") && !config.contains("url"),
        "{config}"
    );
    task
}

#[test]
fn over_http_with_a_token() {
    let site = Site::new();
    let server = site.server(wants_token);
    let keys = Keyring::of(&[("me", "token")]);
    check(&site, remote(&server.url("bare")).with_credentials(keys));
}

#[test]
fn over_tls_with_a_token() {
    let site = Site::new();
    let (server, pem) = tls::server_reacting(site.repo.outside(), wants_token);
    let url = server.url("bare").replace("http://", "https://");
    let keys = Keyring::of(&[("me", "token")]);
    let remote = remote(&url).with_certificates(pem).with_credentials(keys);
    check(&site, remote);
}

#[test]
fn over_ssh() {
    let site = Site::new();
    let shell = Shell::new(site.repo.outside(), 1);
    let url = format!("git@example.com:{}", site.bare.display());
    check(&site, remote(&url).with_ssh(shell.clone()));
    let seen = shell.seen.lock().unwrap();
    let (_, command) = seen.last().unwrap();
    assert_eq!(
        *command,
        format!("git-receive-pack '{}'", site.bare.display())
    );
}

#[test]
fn to_a_folder() {
    let site = Site::new();
    check(&site, site.folder());
}

#[test]
fn a_hook_is_heard_over_ssh() {
    let site = Site::new();
    let shell = Shell::new(site.repo.outside(), 0);
    let url = format!("git@example.com:{}", site.bare.display());
    let (mut task, _) = site.begun(remote(&url).with_ssh(shell));
    site.hook("pre-receive", "echo not today >&2\nexit 1");
    let error = push(&site, &mut task, &[]).unwrap_err();
    assert!(
        matches!(&error, GitError::PushRejected { why, .. } if why.contains("not today")),
        "{error}"
    );
}

#[test]
fn a_wrong_password_is_no_use_and_is_not_shown() {
    let site = Site::new();
    let reading = |request: &ServedRequest| match request.query.contains("receive-pack") {
        true => wants_token(request),
        false => Reaction::Serve,
    };
    let server: GitServer = site.server(reading);
    let keys = Keyring::of(&[("me", "hush"), ("me", "hush2")]);
    let (mut task, _) = site.begun(remote(&server.url("bare")).with_credentials(keys));
    let error = push(&site, &mut task, &[]).unwrap_err();
    assert!(matches!(error, GitError::PushRefused { .. }), "{error}");
    assert!(
        error.to_string().contains("does not take the credentials"),
        "{error}"
    );
    assert!(!format!("{error:?}").contains("hush"));
    assert_eq!(site.pushed(), None);
    drop(task);
    let mut task = site.open(remote(&server.url("bare"))).unwrap();
    let error = push(&site, &mut task, &[]).unwrap_err();
    assert!(
        error.to_string().contains("there are none; give a token"),
        "{error}"
    );
}

#[test]
fn large_pushes_come_through() {
    let site = Site::new();
    let server = site.server(|_| Reaction::Serve);
    let (mut task, _) = site.begun(remote(&server.url("bare")));
    let mut state = 1_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
    .take(3 << 20)
    .collect();
    std::fs::write(task.work_tree().join("noise"), &noise).unwrap();
    crate::task_site::commit(&mut task).unwrap();
    let done = push(&site, &mut task, &[]).unwrap();
    assert!(matches!(done, PushOutcome::Pushed { .. }));
    site.check_remote();
}
