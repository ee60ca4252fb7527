//! Which process holds a lease, and whether it still lives.

use std::fmt;
use std::fs;

/// Names a process so that a later one on the same machine can tell whether it is gone: the
/// machine's boot, the process id, and when the process started. An id that was used again since
/// has another start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessIdentity {
    boot: String,
    pid: u32,
    start: u64,
}

impl ProcessIdentity {
    /// This process. Where the system does not tell boots and starts apart they are empty, and
    /// nobody ever takes the process for gone.
    pub fn current() -> Self {
        let pid = std::process::id();
        Self {
            boot: boot_id(),
            pid,
            start: start_of(pid).unwrap_or(0),
        }
    }

    /// 24 bits that differ between processes started close to each other.
    pub fn randomness(&self) -> u32 {
        let mixed = u64::from(self.pid).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ self.start;
        u32::try_from((mixed >> 20) & 0xff_ffff).unwrap_or_default()
    }

    /// Whether the process that an owner's text begins with is known to be gone: it ran since this
    /// machine was booted, and there is no process of that id and start. A text of another shape,
    /// from another machine or from before the boot says nothing: `false`.
    pub fn is_gone(owner: &str) -> bool {
        let Some(named) = Self::parse(owner) else {
            return false;
        };
        let boot = boot_id();
        if boot.is_empty() || named.boot != boot || named.start == 0 {
            return false;
        }
        start_of(named.pid) != Some(named.start)
    }

    fn parse(owner: &str) -> Option<Self> {
        let mut parts = owner.split('/');
        let boot = parts.next()?.to_owned();
        let pid = parts.next()?.parse().ok()?;
        let start = parts.next()?.parse().ok()?;
        Some(Self { boot, pid, start })
    }
}

impl fmt::Display for ProcessIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.boot, self.pid, self.start)
    }
}

fn boot_id() -> String {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}

/// When a process started, in clock ticks since boot (field 22 of proc(5)'s stat). A process that
/// has ended and was not waited for yet counts as gone.
fn start_of(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    if matches!(*fields.first()?, "Z" | "X") {
        return None;
    }
    fields.get(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_not_gone_and_its_namesake_of_another_start_is() {
        let me = ProcessIdentity::current();
        assert!(!ProcessIdentity::is_gone(&format!("{me}/3")));
        let namesake = ProcessIdentity {
            start: me.start + 1,
            ..me.clone()
        };
        assert!(ProcessIdentity::is_gone(&namesake.to_string()));
    }

    #[test]
    fn what_is_not_known_is_not_gone() {
        let other_machine = ProcessIdentity {
            boot: "b".into(),
            pid: 1,
            start: 1,
        };
        for owner in ["", "someone", "a/b/c", &other_machine.to_string()] {
            assert!(
                !ProcessIdentity::is_gone(owner),
                "{owner:?} was taken for gone"
            );
        }
    }
}
