//! What every implementation of a trait of this crate must do, as tests.
//!
//! An implementation's tests name a function that makes a fresh one, and get one test for each
//! check:
//!
//! ```text
//! async fn make() -> (Arc<dyn PullRequests>, Server) { … }
//! retro_forge::pull_requests_contract!(make);
//! ```
//!
//! The second part of what `make` returns lives as long as the check: a server, usually.

pub mod pull_requests;

use std::future::Future;

/// Runs a check to its end on a runtime of several threads, so that tasks truly run at once.
///
/// # Panics
///
/// When the check panics, or no runtime can be made.
pub fn block_on<F: Future>(check: F) -> F::Output {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .expect("a runtime can be made")
        .block_on(check)
}

/// The tests of a [`PullRequests`](crate::PullRequests): takes an async function that makes a fresh
/// `(Arc<dyn PullRequests>, guard)` of the repository that
/// [`pull_requests::repository`] describes.
#[macro_export]
macro_rules! pull_requests_contract {
    ($make:expr) => {
        $crate::pull_requests_contract!(
            @each $make,
            [
                what_is_opened_is_found,
                what_is_open_is_adopted_and_brought_up_to_date,
                a_draft_stays_what_a_person_made_of_it,
                branches_and_bases_are_apart,
                what_was_closed_is_opened_anew,
                of_many_callers_at_once_one_opens,
                branches_that_are_not_there_are_refused,
                nothing_to_merge_is_refused,
                the_default_branch_is_the_base_unless_one_is_named,
                labels_and_reviewers_that_cannot_be_are_left_out,
                names_that_are_none_are_refused,
                closing_is_done_once_and_only_to_what_is_there,
                long_and_strange_texts_survive,
            ]
        );
    };
    (@each $make:expr, [$($check:ident),* $(,)?]) => {
        $(
            #[test]
            fn $check() {
                $crate::contract::block_on(async {
                    let (pulls, _guard) = ($make)().await;
                    $crate::contract::pull_requests::$check(pulls).await;
                });
            }
        )*
    };
}
