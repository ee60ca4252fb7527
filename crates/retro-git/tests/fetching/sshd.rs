//! Pushing to a real sshd, where one is installed.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use retro_git::{SshChannel, SshCommand, SshTarget};
use retro_testing::ScratchRepo;

use crate::ssh::channel;
use crate::support::remote;
use crate::task_site::{Site, came_through, push};

const SSHD: [&str; 3] = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd"];

/// Runs the ssh client, which starts an sshd for each connection. No port is listened on.
struct OpenSsh {
    folder: PathBuf,
    sshd: &'static str,
}

impl OpenSsh {
    /// None where there is no sshd.
    fn new(repo: &ScratchRepo) -> Option<Arc<Self>> {
        let sshd = SSHD.into_iter().find(|path| Path::new(path).exists())?;
        let folder = repo.outside().join("ssh");
        std::fs::create_dir(&folder).unwrap();
        for key in ["host", "client"] {
            let path = folder.join(key).display().to_string();
            make_key(&path);
        }
        let at = |name: &str| folder.join(name).display().to_string();
        let config = format!(
            "HostKey {}\nAuthorizedKeysFile {}\nPidFile none\nStrictModes no\n\
             PasswordAuthentication no\nPermitRootLogin yes\n",
            at("host"),
            at("client.pub")
        );
        std::fs::write(folder.join("config"), config).unwrap();
        Some(Arc::new(Self { folder, sshd }))
    }
}

#[expect(clippy::disallowed_methods, reason = "keys are made by the real thing")]
fn make_key(path: &str) {
    let mut command = Command::new("ssh-keygen");
    let made = command.args(["-q", "-t", "ed25519", "-N", "", "-f", path]);
    assert!(made.status().unwrap().success());
}

impl SshCommand for OpenSsh {
    #[expect(clippy::disallowed_methods, reason = "the client is the real ssh")]
    fn run(&self, target: &SshTarget, command: &str) -> io::Result<Box<dyn SshChannel>> {
        let at = |name: &str| self.folder.join(name).display().to_string();
        let child = Command::new("ssh")
            .args([
                "-F",
                "none",
                "-o",
                "BatchMode=yes",
                "-o",
                "IdentitiesOnly=yes",
            ])
            .args(["-o", &format!("IdentityFile={}", at("client"))])
            .args(["-o", "StrictHostKeyChecking=no"])
            .args(["-o", &format!("UserKnownHostsFile={}", at("known"))])
            .args([
                "-o",
                &format!("ProxyCommand={} -i -f {}", self.sshd, at("config")),
            ])
            .args([&target.host, command])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(channel(child))
    }
}

#[test]
fn a_branch_comes_through_to_sshd() {
    let site = Site::new();
    let Some(ssh) = OpenSsh::new(&site.repo) else {
        eprintln!("there is no sshd here; nothing was tested");
        return;
    };
    let url = format!("ssh://localhost{}", site.bare.display());
    let (mut task, commit) = site.begun(remote(&url).with_ssh(ssh));
    assert_eq!(push(&site, &mut task, &[]).unwrap(), came_through(commit));
    assert_eq!(site.pushed(), Some(commit));
    site.check_remote();
}
