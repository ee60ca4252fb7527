//! The folders in a slot's scratch space, empty for each job whatever the last one left there.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// The folders that a job has to itself.
pub(crate) struct Folders {
    /// Captured output; no command is told of it.
    pub(crate) logs: PathBuf,
    /// `RETRO_SCRATCH` of the commands.
    pub(crate) out: PathBuf,
    /// `TMPDIR` of the commands.
    pub(crate) tmp: PathBuf,
}

impl Folders {
    /// Makes the folders, or empties them. The error names the folder in question.
    pub(crate) fn prepare(scratch: &Path) -> Result<Self, (PathBuf, io::Error)> {
        let folder = |name| scratch.join(name);
        let folders = Self {
            logs: Self::logs_in(scratch),
            out: folder("out"),
            tmp: folder("tmp"),
        };
        let make_empty = |folder: &Path, reused: &[&str]| {
            make_empty(folder, reused).map_err(|error| (folder.to_owned(), error))
        };
        make_empty(&folders.logs, &REUSED_LOGS)?;
        make_empty(&folders.out, &[])?;
        make_empty(&folders.tmp, &[])?;
        Ok(folders)
    }

    /// Where the logs of the job are that the scratch space was last used for.
    pub(crate) fn logs_in(scratch: &Path) -> PathBuf {
        scratch.join("logs")
    }

    /// Where the output of the execution `name` goes.
    pub(crate) fn log(&self, name: &str, stream: &str) -> PathBuf {
        self.logs.join(format!("{name}.{stream}"))
    }
}

/// Files that are there for every job, and written from their start: making and removing a file
/// costs a file system more than everything that a quick command does.
const REUSED_LOGS: [&str; 2] = ["test.stdout", "test.stderr"];

/// Makes `folder` a folder of ours with nothing in it but the plain files named in `reused`.
///
/// The folder itself stays when it is one: some file systems wait for the disk when a folder goes.
fn make_empty(folder: &Path, reused: &[&str]) -> io::Result<()> {
    // A command may have put something else in its place, a link to a folder of the user included.
    match fs::symlink_metadata(folder) {
        Ok(found) if found.is_dir() => {
            if found.mode() & 0o700 != 0o700 {
                fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
            }
        }
        Ok(_) => {
            fs::remove_file(folder)?;
            return fs::create_dir(folder);
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return fs::create_dir_all(folder);
        }
        Err(error) => return Err(error),
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let is_reused = reused.iter().any(|name| entry.file_name() == *name);
        if entry.file_type()?.is_dir() {
            remove_folder(&entry.path())?;
        } else if !is_reused || !is_plain(&entry.metadata()?) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// A file that has no other name, and that we can write.
fn is_plain(file: &fs::Metadata) -> bool {
    file.is_file() && file.nlink() == 1 && file.mode() & 0o600 == 0o600
}

/// Removes a folder, also one that has folders in it without the permission to change them, as
/// tests of permissions and the module cache of Go leave behind.
fn remove_folder(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            permit(folder)?;
            fs::remove_dir_all(folder)
        }
        other => other,
    }
}

fn permit(folder: &Path) -> io::Result<()> {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            permit(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn nothing_of_the_last_job_is_left() {
        let scratch = tempfile::tempdir().unwrap();
        let folders = Folders::prepare(scratch.path()).unwrap();
        fs::create_dir_all(folders.tmp.join("a/b")).unwrap();
        fs::write(folders.tmp.join("a/b/file"), "x").unwrap();
        fs::write(folders.out.join("result.xml"), "x").unwrap();
        symlink("/nowhere", folders.out.join("link")).unwrap();
        fs::write(folders.log("retry-1", "stdout"), "x").unwrap();
        let folders = Folders::prepare(scratch.path()).unwrap();
        for folder in [&folders.logs, &folders.out, &folders.tmp] {
            assert_eq!(names(folder), [""; 0]);
        }
    }

    #[test]
    fn a_log_is_reused_only_while_it_is_a_file_of_its_own() {
        let scratch = tempfile::tempdir().unwrap();
        let folders = Folders::prepare(scratch.path()).unwrap();
        fs::write(folders.log("test", "stdout"), "x").unwrap();
        Folders::prepare(scratch.path()).unwrap();
        assert_eq!(names(&folders.logs), ["test.stdout"]);

        let other = scratch.path().join("other");
        fs::hard_link(folders.log("test", "stdout"), &other).unwrap();
        symlink(&other, folders.log("test", "stderr")).unwrap();
        Folders::prepare(scratch.path()).unwrap();
        assert_eq!(names(&folders.logs), [""; 0]);
        assert_eq!(fs::read_to_string(other).unwrap(), "x");
    }

    #[test]
    fn what_stands_in_the_place_of_a_folder_goes_and_not_what_it_points_to() {
        let scratch = tempfile::tempdir().unwrap();
        let folders = Folders::prepare(scratch.path()).unwrap();
        let precious = scratch.path().join("precious");
        for content in [None, Some("letters")] {
            fs::create_dir_all(&precious).unwrap();
            if let Some(name) = content {
                fs::write(precious.join(name), "x").unwrap();
            }
            for folder in [&folders.logs, &folders.out] {
                fs::remove_dir(folder).unwrap();
                symlink(&precious, folder).unwrap();
            }
            fs::remove_dir(&folders.tmp).unwrap();
            fs::write(&folders.tmp, "x").unwrap();
            Folders::prepare(scratch.path()).unwrap();
            for folder in [&folders.logs, &folders.out, &folders.tmp] {
                assert!(fs::symlink_metadata(folder).unwrap().is_dir());
            }
            assert_eq!(names(&precious).len(), usize::from(content.is_some()));
        }
    }

    #[test]
    fn folders_without_permissions_go() {
        let scratch = tempfile::tempdir().unwrap();
        let folders = Folders::prepare(scratch.path()).unwrap();
        let locked = folders.tmp.join("cache/module");
        fs::create_dir_all(&locked).unwrap();
        fs::write(locked.join("source.go"), "x").unwrap();
        for (folder, mode) in [(&locked, 0o500), (&folders.tmp, 0o500), (&folders.out, 0)] {
            fs::set_permissions(folder, fs::Permissions::from_mode(mode)).unwrap();
        }
        Folders::prepare(scratch.path()).unwrap();
        for folder in [&folders.out, &folders.tmp] {
            assert_eq!(names(folder), [""; 0]);
        }
    }
}
