//! Two commits side by side: what `git retro diff` shows.

use retro_domain::TestId;

use crate::{Seen, State};

/// How one commit's results differ from another's, as indices of tests, each list sorted.
///
/// It compares and blames nobody. What fails at the second commit is in exactly one of `broke`,
/// `still_failing` and `new_failures`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Difference {
    /// Whether both commits were tested. When not, every list is empty and means nothing.
    pub comparable: bool,
    /// Passed (if only after a failed attempt) and fails.
    pub broke: Vec<usize>,
    /// Failed and passes (if only after a failed attempt).
    pub fixed: Vec<usize>,
    /// Failed and fails.
    pub still_failing: Vec<usize>,
    /// Fails, and the first commit has no result to compare with: absent, lost or skipped there.
    pub new_failures: Vec<usize>,
    /// Did not exist at the first commit and does at the second, however it ended.
    pub appeared: Vec<usize>,
    /// Existed at the first commit and does not at the second.
    pub disappeared: Vec<usize>,
    /// Ran at the first commit and was skipped at the second.
    pub newly_skipped: Vec<usize>,
    /// Was skipped at the first commit and ran at the second, however it ended.
    pub no_longer_skipped: Vec<usize>,
    /// Has a result at one commit only, where the command failed at the other: it may exist there.
    pub lost: Vec<usize>,
    /// Passed only after a failed attempt at either commit; may be in another list too.
    pub flaky: Vec<usize>,
}

/// Compares the results of two commits, `a` the first; `tests` is the list their indices refer to.
pub fn diff(tests: &[TestId], a: &State, b: &State) -> Difference {
    let mut found = Difference {
        comparable: matches!((a, b), (State::Tested(_), State::Tested(_))),
        ..Difference::default()
    };
    if !found.comparable {
        return found;
    }
    let (a_lossy, b_lossy) = (a.command_failed(tests), b.command_failed(tests));
    for test in 0..tests.len() {
        use Seen::{Absent, Failed, Flaky, Lost, Passed, Skipped};
        let (before, after) = (seen(a, a_lossy, test), seen(b, b_lossy, test));
        if before == Flaky || after == Flaky {
            found.flaky.push(test);
        }
        if after == Failed && matches!(before, Absent | Lost | Skipped) {
            found.new_failures.push(test);
        }
        let list = match (before, after) {
            (Passed | Flaky, Failed) => &mut found.broke,
            (Failed, Passed | Flaky) => &mut found.fixed,
            (Failed, Failed) => &mut found.still_failing,
            (Absent | Lost, Absent | Lost) => continue,
            (Lost, _) | (_, Lost) => &mut found.lost,
            (Absent, _) => &mut found.appeared,
            (_, Absent) => &mut found.disappeared,
            (Passed | Flaky | Failed, Skipped) => &mut found.newly_skipped,
            (Skipped, Passed | Flaky | Failed) => &mut found.no_longer_skipped,
            _ => continue,
        };
        list.push(test);
    }
    found
}

/// [`State::seen`], with the search for a failed command done beforehand.
fn seen(state: &State, lossy: bool, test: usize) -> Seen {
    match state.seen(&[], test) {
        Seen::Absent if lossy => Seen::Lost,
        seen => seen,
    }
}
