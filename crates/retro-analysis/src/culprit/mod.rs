//! Which commit broke, fixed, flaked or slowed a test, with odds; `docs/culprits.md` explains the model.
//!
//! A [`Search`] is told runs and says what to run next, until each of its questions has an [`Answer`]:
//! who made the change, that there was none, or that the runs do not tell. It starts nothing, reads no
//! clock and draws no random numbers: what it says follows from what it was told, so a search that was
//! interrupted goes on where it was once the same runs are told again.
//!
//! ```
//! use retro_analysis::culprit::{
//!     Answer, Budget, Ended, Kind, Question, Range, Run, Search, Settings, Sign,
//! };
//!
//! // Commit 0 is the good end, 10 the bad one, and 7 is to blame.
//! let question = Question { test: 0, kind: Kind::Broke, prior: Vec::new() };
//! let budget = Budget { runs: Some(50), ..Budget::default() };
//! let mut search = Search::new(
//!     Range::line(10),
//!     vec![question],
//!     Settings { confidence: 0.95, budget },
//! );
//! let mut number = 0;
//! loop {
//!     let step = search.next(1, &[], &|_commit| 1.0);
//!     if step.done {
//!         break;
//!     }
//!     for pick in step.picks {
//!         let sign = if pick.commit >= 7 { Sign::New } else { Sign::Old };
//!         number += 1;
//!         let run = Run {
//!             id: number.to_string(),
//!             commit: pick.commit,
//!             window: None,
//!             clean: pick.clean,
//!             ended: Ended::Ran(vec![Some(sign)]),
//!         };
//!         search.record(&run, 1.0, 0.0);
//!     }
//! }
//! let Some(Answer::Culprit(found)) = search.answer(0) else { panic!("not found") };
//! assert_eq!(found.commits, [7]);
//! ```

mod answer;
mod belief;
mod budget;
mod choice;
mod classes;
mod closeness;
mod evidence;
mod exit_code;
mod range;
mod rates;
mod search;
mod second_change;
mod verification;

pub use answer::{Answer, Nothing, Suspects, Unresolved};
pub use belief::Belief;
pub use budget::{Budget, Settings, Spent};
pub use closeness::weight_by_paths;
pub use evidence::{Ended, Run, Sign, Tally};
pub use exit_code::{Said, said_by, settle_unclear};
pub use range::{Range, RangeError};
pub use search::{Pick, Question, Reason, Search, Step};

/// What is asked about a test.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// Which commit made it fail, always or nearly so.
    Broke,
    /// Which commit made it pass, always or nearly so.
    Fixed,
    /// Which commit made it fail more often.
    Flaked,
    /// Which commit made it slow; a run looks new when it took longer than the fence.
    Slowed,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Broke, Self::Fixed, Self::Flaked, Self::Slowed];

    /// The stable lower-case name: `broke`, `fixed`, `flaked`, `slowed`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Broke => "broke",
            Self::Fixed => "fixed",
            Self::Flaked => "flaked",
            Self::Slowed => "slowed",
        }
    }

    /// Whether the change asked about leaves nothing to chance afterwards.
    pub(crate) const fn is_for_good(self) -> bool {
        matches!(self, Self::Broke | Self::Fixed)
    }
}
