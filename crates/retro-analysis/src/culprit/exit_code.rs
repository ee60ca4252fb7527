//! What an exit code says in a bisection, as `git bisect run` reads it.

/// What the command said about a commit.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Said {
    /// 0: as before the change.
    Good,
    /// 1 to 124: as after the change.
    Bad,
    /// 125: this commit cannot be tested.
    Untestable,
    /// 126 or 127: what a shell says when it cannot run or find the command. It is [`Self::Bad`] if
    /// the command can be run at the good end, see [`settle_unclear`].
    Unclear,
    /// 128 and above, below 0, or ended by a signal: stop the whole search.
    Abort,
}

/// Reads an exit code; `None` for a command that a signal ended.
pub fn said_by(exit_code: Option<i32>) -> Said {
    match exit_code {
        Some(0) => Said::Good,
        Some(125) => Said::Untestable,
        Some(126 | 127) => Said::Unclear,
        Some(1..=124) => Said::Bad,
        _ => Said::Abort,
    }
}

/// Settles an unclear exit code by that of the same command at the good end: where it ends in the same
/// way, or fails to run, the command itself is wrong and says nothing about commits.
pub fn settle_unclear(unclear: i32, at_good_end: Option<i32>) -> Said {
    match at_good_end {
        Some(code) if (0..128).contains(&code) && code != unclear => Said::Bad,
        _ => Said::Abort,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_as_git_reads_them() {
        let check = |code, expected| assert_eq!(said_by(code), expected, "{code:?}");
        check(Some(0), Said::Good);
        check(Some(1), Said::Bad);
        check(Some(124), Said::Bad);
        check(Some(125), Said::Untestable);
        check(Some(126), Said::Unclear);
        check(Some(127), Said::Unclear);
        check(Some(128), Said::Abort);
        check(Some(255), Said::Abort);
        check(Some(-1), Said::Abort);
        check(None, Said::Abort);
    }

    #[test]
    fn a_command_that_is_missing_everywhere_says_nothing() {
        let check = |at_good, expected| assert_eq!(settle_unclear(127, at_good), expected);
        check(Some(0), Said::Bad);
        check(Some(1), Said::Bad);
        check(Some(126), Said::Bad);
        check(Some(127), Said::Abort);
        check(Some(128), Said::Abort);
        check(None, Said::Abort);
    }
}
