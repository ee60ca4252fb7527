//! A cgroup (version 2) for one command: limits of all its processes together.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::finished::NotApplied;
use crate::resources::{Resource, Resources};

/// The cgroup of a command. Dropping it removes it, unless something is left in it; so does the next
/// command of a process of the same number, should this one be killed before.
#[derive(Debug)]
pub(crate) struct CommandCgroup {
    folder: PathBuf,
}

/// The hundred-thousandths of a second in which a share of the processors is dealt out.
const PERIOD: u64 = 100_000;

impl CommandCgroup {
    /// Makes a cgroup with the limits that are asked for, below `parent` or else below the one of this
    /// process. `None` when no limit is asked for, or none could be set; those are added to
    /// `not_applied`.
    pub(crate) fn create(
        parent: Option<&Path>,
        asked: &Resources,
        not_applied: &mut Vec<NotApplied>,
    ) -> Option<Self> {
        let mut wanted: Vec<Resource> = asked.of_all_together().collect();
        if wanted.is_empty() {
            return None;
        }
        let parent = match parent.map_or_else(own_cgroup, |parent| Ok(parent.to_owned())) {
            Ok(parent) => parent,
            Err(reason) => {
                give_up(&wanted, &reason, not_applied);
                return None;
            }
        };
        keep(&mut wanted, not_applied, |resource| {
            pass_on(&parent, controller(resource))
        });
        if wanted.is_empty() {
            return None;
        }
        let folder = match make_folder(&parent) {
            Ok(folder) => folder,
            Err(error) => {
                let reason = format!("cannot make a cgroup in {}: {error}", parent.display());
                give_up(&wanted, &reason, not_applied);
                return None;
            }
        };
        let cgroup = Self { folder };
        keep(&mut wanted, not_applied, |resource| {
            cgroup.limit(resource, asked)
        });
        (!wanted.is_empty()).then_some(cgroup)
    }

    /// The file through which a process joins.
    pub(crate) fn members(&self) -> PathBuf {
        self.folder.join("cgroup.procs")
    }

    /// How many processes the kernel has killed because of the limit of memory.
    pub(crate) fn memory_kills(&self) -> u64 {
        let events = fs::read_to_string(self.folder.join("memory.events"));
        memory_kills(&events.unwrap_or_default())
    }

    fn limit(&self, resource: Resource, asked: &Resources) -> Result<(), String> {
        let number = |value: Option<u64>| value.unwrap_or(u64::MAX).to_string();
        match resource {
            Resource::Memory => {
                self.write("memory.max", &number(asked.memory))?;
                // Not there without swap, and in old kernels; the limit itself holds all the same.
                let _ = self.write("memory.swap.max", "0");
                let _ = self.write("memory.oom.group", "1");
                Ok(())
            }
            Resource::Processors => {
                let percent = u64::from(asked.processor_percent.unwrap_or(u32::MAX));
                // The kernel refuses less than a millisecond.
                let share = (percent * PERIOD / 100).max(1000);
                self.write("cpu.max", &format!("{share} {PERIOD}"))
            }
            _ => self.write("pids.max", &number(asked.processes.map(u64::from))),
        }
    }

    fn write(&self, name: &str, value: &str) -> Result<(), String> {
        write(&self.folder.join(name), value)
    }
}

impl Drop for CommandCgroup {
    fn drop(&mut self) {
        // A cgroup that the command has made in it keeps it there; it is empty and costs little.
        let _ = fs::remove_dir(&self.folder);
    }
}

fn controller(resource: Resource) -> &'static str {
    match resource {
        Resource::Memory => "memory",
        Resource::Processors => "cpu",
        _ => "pids",
    }
}

/// Keeps what can be done, and tells of the rest.
fn keep(
    wanted: &mut Vec<Resource>,
    not_applied: &mut Vec<NotApplied>,
    mut done: impl FnMut(Resource) -> Result<(), String>,
) {
    wanted.retain(|resource| match done(*resource) {
        Ok(()) => true,
        Err(reason) => {
            give_up(&[*resource], &reason, not_applied);
            false
        }
    });
}

pub(crate) fn give_up(wanted: &[Resource], reason: &str, not_applied: &mut Vec<NotApplied>) {
    not_applied.extend(wanted.iter().map(|resource| NotApplied {
        resource: *resource,
        reason: reason.to_owned(),
    }));
}

/// Makes a controller available to the cgroups in this one.
fn pass_on(parent: &Path, controller: &str) -> Result<(), String> {
    if !has_word(&parent.join("cgroup.controllers"), controller)? {
        return Err(format!(
            "the cgroup {} has no {controller} controller; delegate it",
            parent.display()
        ));
    }
    let passed_on = parent.join("cgroup.subtree_control");
    if has_word(&passed_on, controller)? {
        return Ok(());
    }
    write(&passed_on, &format!("+{controller}"))
}

fn has_word(file: &Path, word: &str) -> Result<bool, String> {
    let text = fs::read_to_string(file)
        .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    Ok(text.split_whitespace().any(|found| found == word))
}

fn write(file: &Path, value: &str) -> Result<(), String> {
    fs::write(file, value).map_err(|error| {
        let advice = match error.raw_os_error() {
            Some(libc::EBUSY) => {
                "; a cgroup with processes in it passes nothing on: name one without"
            }
            Some(libc::EACCES | libc::EPERM | libc::EROFS) => {
                "; delegate the cgroup to this user, or name another"
            }
            _ => "",
        };
        format!(
            "cannot write {value:?} to {}: {error}{advice}",
            file.display()
        )
    })
}

fn make_folder(parent: &Path) -> io::Result<PathBuf> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = parent.join(format!("retro-exec-{}-{count}", std::process::id()));
    match fs::create_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_dir(&folder)?;
            fs::create_dir(&folder)?;
        }
        made => made?,
    }
    Ok(folder)
}

fn memory_kills(events: &str) -> u64 {
    let count = |line: &str| line.strip_prefix("oom_kill ")?.trim().parse().ok();
    events.lines().find_map(count).unwrap_or(0)
}

fn own_cgroup() -> Result<PathBuf, String> {
    let read = |file: &str| {
        fs::read_to_string(file).map_err(|error| format!("cannot read {file}: {error}"))
    };
    let (membership, mounts) = (read("/proc/self/cgroup")?, read("/proc/self/mountinfo")?);
    cgroup_folder(&membership, &mounts)
        .ok_or_else(|| "this process is in no mounted cgroup of version 2".to_owned())
}

/// The folder of the cgroup that a process is in, from its `cgroup` and its `mountinfo`.
fn cgroup_folder(membership: &str, mounts: &str) -> Option<PathBuf> {
    let path = membership
        .lines()
        .find_map(|line| line.strip_prefix("0::"))?;
    mounts.lines().find_map(|line| {
        let (mount, kind) = line.split_once(" - ")?;
        let mut fields = mount.split(' ').skip(3);
        let (root, place) = (fields.next()?, fields.next()?);
        let below = Path::new(path).strip_prefix(root).ok()?;
        // What is above the mounted root cannot be reached.
        let reachable = !below.starts_with("..") && kind.starts_with("cgroup2 ");
        reachable.then(|| Path::new(place).join(below))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Resources {
        Resources {
            memory: Some(1 << 20),
            processor_percent: Some(150),
            processes: Some(20),
            ..Resources::default()
        }
    }

    /// A folder with the files of a cgroup. The kernel would also fill those that are made in it.
    fn parent(controllers: &str, passed_on: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("cgroup.controllers"), controllers).unwrap();
        fs::write(folder.path().join("cgroup.subtree_control"), passed_on).unwrap();
        folder
    }

    #[test]
    fn limits_are_written_as_the_kernel_reads_them() {
        let (parent, mut not_applied) = (parent("cpuset cpu io memory pids\n", "memory\n"), vec![]);
        let cgroup = CommandCgroup::create(Some(parent.path()), &all(), &mut not_applied).unwrap();
        assert_eq!(not_applied, []);
        let check = |name: &str, expected: &str| {
            let text = fs::read_to_string(cgroup.folder.join(name)).unwrap();
            assert_eq!(text, expected, "{name}");
        };
        check("memory.max", "1048576");
        check("memory.swap.max", "0");
        check("memory.oom.group", "1");
        check("cpu.max", "150000 100000");
        check("pids.max", "20");
        // The last one that was missing; the kernel adds it to those that are there.
        let passed_on = fs::read_to_string(parent.path().join("cgroup.subtree_control"));
        assert_eq!(passed_on.unwrap(), "+pids");
    }

    #[test]
    fn what_cannot_be_limited_is_told_and_leaves_nothing() {
        let check = |parent: &Path, expected: &[Resource], why: &str| {
            let mut not_applied = vec![];
            let cgroup = CommandCgroup::create(Some(parent), &all(), &mut not_applied);
            let told: Vec<Resource> = not_applied.iter().map(|one| one.resource).collect();
            assert_eq!(told, expected);
            assert!(not_applied[0].reason.contains(why), "{not_applied:?}");
            cgroup
        };
        let everything = [Resource::Memory, Resource::Processors, Resource::Processes];
        let none = parent("hugetlb\n", "");
        assert!(check(none.path(), &everything, "no memory controller").is_none());
        assert_eq!(fs::read_dir(none.path()).unwrap().count(), 2);
        let nowhere = none.path().join("nowhere");
        assert!(check(&nowhere, &everything, "cannot read").is_none());
        let some = parent("memory pids\n", "");
        assert!(check(some.path(), &[Resource::Processors], "no cpu controller").is_some());
    }

    #[test]
    fn nothing_is_made_when_nothing_is_asked_for() {
        let mut not_applied = vec![];
        let nowhere = Some(Path::new("/nowhere"));
        let cgroup = CommandCgroup::create(nowhere, &Resources::default(), &mut not_applied);
        assert!(cgroup.is_none() && not_applied.is_empty());
    }

    #[test]
    fn kills_are_counted_by_the_kernels_events() {
        let check = |events: &str, expected| assert_eq!(memory_kills(events), expected);
        check(
            "low 0\nhigh 0\nmax 7\noom 2\noom_kill 3\noom_group_kill 1\n",
            3,
        );
        check("low 0\noom_kill 0\n", 0);
        check("", 0);
    }

    #[test]
    fn the_own_cgroup_is_found_below_its_mount() {
        let check = |membership: &str, mount: &str, expected: Option<&str>| {
            let mounts = format!("22 1 0:20 / /sys rw - sysfs sysfs rw\n{mount}\n");
            assert_eq!(
                cgroup_folder(membership, &mounts).as_deref(),
                expected.map(Path::new)
            );
        };
        let whole = "30 22 0:27 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw";
        check(
            "0::/user.slice/x.scope\n",
            whole,
            Some("/sys/fs/cgroup/user.slice/x.scope"),
        );
        check("4:memory:/a\n0::/\n", whole, Some("/sys/fs/cgroup/"));
        check("4:memory:/a\n", whole, None);
        check("0::/../other\n", whole, None);
        let part = "30 22 0:27 /box /cg rw - cgroup2 cgroup rw";
        check("0::/box/inner\n", part, Some("/cg/inner"));
        check("0::/elsewhere\n", part, None);
        check(
            "0::/a\n",
            "30 22 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory",
            None,
        );
    }
}
