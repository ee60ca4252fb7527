//! Stored outcomes over a commit graph in, findings out: which commit broke or fixed which test,
//! what is flaky, what could not be tested, and, above all, what is *not known*.
//!
//! Pure and deterministic: no I/O, no clock, no randomness, no recursion.
//!
//! # How a test is judged
//!
//! A test is judged along parent edges, never along the order in which commits happen to be listed:
//! two commits on parallel branches say nothing about each other.
//!
//! - A *firm result* is a clean pass, or a failure (failed or errored). Everything else decides
//!   nothing: an untestable, timed-out or not-run commit, a skipped test, a test that is absent, and
//!   a *flaky* pass (passed only after a failed attempt).
//! - The *nearest results* of a commit are found by walking back from it through listed parents, over
//!   commits without a firm result, and stopping on every path at the first firm one.
//! - **Broke** at a commit: it fails, it has nearest results, and all of them pass. A merge with one
//!   failing side inherits the failure and broke nothing.
//! - **Fixed** at a commit: it passes cleanly, it has nearest results, and all of them fail.
//! - **New failure** at a commit: it fails, nothing firm lies behind it, and the walk back meets a
//!   tested commit where the test did not exist.
//! - **Failing from the start**: it fails, nothing firm lies behind it, and no commit is known where
//!   the test did not exist. The range does not show where it began, so nobody is blamed.
//!
//! So every failing result is broke, new, from the start, or has a failing one among its nearest
//! results: none is dropped without a word.
//!
//! # Who may be to blame
//!
//! The *suspects* of a change are the commit where it was first seen and every commit walked over to
//! reach the nearest results, less those that one of the nearest results already contains as an
//! ancestor: what was in a passing commit cannot alone be what makes a later one fail. More than one
//! suspect means that the culprit is a set until more commits are tested.
//!
//! A listed commit stands for itself and for every unlisted commit it brings in: with each tenth
//! commit listed, first parents only, or a merge whose other side lies outside the list, a single
//! suspect is still a group. The caller knows which commits it left out, and should say so.
//!
//! # Example
//!
//! ```
//! use retro_analysis::{History, Observation, State, findings};
//! use retro_domain::{Outcome, TestId};
//!
//! let ran = |outcome| State::Tested(vec![Some((outcome, false))]);
//! let history = History {
//!     tests: vec![TestId::named("adds up")],
//!     commits: vec![
//!         Observation { parents: vec![], state: ran(Outcome::Passed) },
//!         Observation { parents: vec![0], state: State::Untestable },
//!         Observation { parents: vec![1], state: ran(Outcome::Failed) },
//!     ],
//! };
//! let broke = &findings(&history).broke[0];
//! assert_eq!(broke.commit, 2);
//! // The build was broken in between: either of the two may be to blame.
//! assert_eq!(broke.suspects, [1, 2]);
//! assert_eq!(broke.before, [0]);
//! ```

pub mod culprit;
mod diff;
mod findings;
mod flakiness;
mod groups;
mod history;
mod renames;
mod slowdown;
mod story;
mod untestable;
mod walk;

pub use diff::{Difference, diff};
pub use findings::{Findings, Flaky, Transition, findings};
pub use flakiness::{Execution, Flakiness, flakiness};
pub use history::{History, Observation, Seen, State};
pub use renames::{JoinedBy, Renamable, Rename, renames};
pub use slowdown::{
    Comparison, SpeedStep, Timing, compare, fence, interleaved, rounds_needed, speed_steps,
};
pub use story::{Head, Segment, Standing, TestStory, Turn, TurnKind, story};
pub use untestable::{Boundary, UntestableRange};
