//! What every implementation of a store trait must do, as tests.
//!
//! An implementation's tests name a function that makes a fresh store, and get one test for each
//! check:
//!
//! ```text
//! async fn make() -> (Arc<dyn JobStore>, TempDir) { … }
//! retro_store::job_store_contract!(make);
//! ```
//!
//! The second part of what `make` returns lives as long as the check: a folder, a server.

pub mod artifact_store;
pub mod engine;
pub mod event_log;
pub mod folder_sync;
pub mod job_leases;
pub mod job_store;
pub mod objects;
pub mod result_index;
pub mod result_prune;
pub mod result_queries;
pub mod result_store;
pub mod run_store;
pub mod samples;
pub mod secrets;
pub mod task_claims;
pub mod task_event_log;
pub mod task_journal;
pub mod task_queue;
pub mod task_run_store;
pub mod task_samples;
mod task_suites;

use std::future::Future;

use crate::StoreError;

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

/// What `count` callers get that make the same call at the same moment.
pub(crate) async fn at_once<T, F, Fut>(count: usize, call: F) -> Vec<T>
where
    T: Send + 'static,
    F: Fn(usize) -> Fut,
    Fut: Future<Output = T> + Send + 'static,
{
    let barrier = std::sync::Arc::new(tokio::sync::Barrier::new(count));
    let tasks: Vec<_> = (0..count)
        .map(|index| {
            let barrier = std::sync::Arc::clone(&barrier);
            let call = call(index);
            tokio::spawn(async move {
                barrier.wait().await;
                call.await
            })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.expect("a caller does not panic"));
    }
    answers
}

/// Checks that exactly one caller succeeded and the others were told why not.
pub(crate) fn exactly_one<T: std::fmt::Debug>(
    answers: &[Result<T, StoreError>],
    loses: impl Fn(&StoreError) -> bool,
) {
    let winners = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(winners, 1, "of {answers:?}");
    for error in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        assert!(loses(error), "{error:?}");
    }
}

pub(crate) fn is_conflict(error: &StoreError) -> bool {
    matches!(error, StoreError::Conflict { .. })
}

pub(crate) fn is_not_found(error: &StoreError) -> bool {
    matches!(error, StoreError::NotFound { .. })
}

pub(crate) fn is_backend(error: &StoreError) -> bool {
    matches!(error, StoreError::Backend { .. })
}

/// Checks that a call failed in the way expected.
pub(crate) fn refused<T: std::fmt::Debug>(
    answer: Result<T, StoreError>,
    expected: impl Fn(&StoreError) -> bool,
) {
    match answer {
        Err(error) if expected(&error) => {}
        other => panic!("not the refusal that was expected: {other:?}"),
    }
}

/// One test for each check of one module.
#[doc(hidden)]
#[macro_export]
macro_rules! contract_checks {
    ($module:ident, $make:expr, [$($check:ident),* $(,)?]) => {
        $(
            #[test]
            fn $check() {
                $crate::contract::block_on(async {
                    let (store, _guard) = ($make)().await;
                    $crate::contract::$module::$check(store).await;
                });
            }
        )*
    };
}

/// The tests of a [`JobStore`](crate::JobStore): takes an async function that makes a fresh
/// `(Arc<dyn JobStore>, guard)`.
#[macro_export]
macro_rules! job_store_contract {
    ($make:expr) => {
        $crate::contract_checks!(
            job_store,
            $make,
            [
                a_new_job_is_pending_and_an_unknown_one_absent,
                adding_a_job_again_changes_nothing,
                jobs_of_other_suites_commits_and_repositories_are_apart,
                states_come_in_the_order_asked_for,
                jobs_of_a_run_are_added_as_others_are,
            ]
        );
        $crate::contract_checks!(
            job_leases,
            $make,
            [
                an_event_for_an_unknown_job_is_not_found,
                every_status_is_read_back_as_it_was_written,
                events_do_what_the_transition_function_says,
                an_older_epoch_is_refused,
                a_held_job_cannot_be_claimed_before_its_lease_ends,
                of_many_claims_at_once_exactly_one_succeeds,
                of_many_claims_of_an_expired_lease_exactly_one_succeeds,
                of_many_endings_at_once_exactly_one_succeeds,
                many_workers_claim_every_job_once,
            ]
        );
    };
}

/// The tests of a [`ResultIndex`](crate::ResultIndex): takes an async function that makes a fresh
/// `(Arc<dyn ResultIndex>, guard)`.
#[macro_export]
macro_rules! result_index_contract {
    ($make:expr) => {
        $crate::contract_checks!(
            result_index,
            $make,
            [
                what_was_noted_is_read_back_in_the_order_asked_for,
                a_note_is_replaced_only_by_who_knows_it,
                of_many_notes_at_once_exactly_one_is_made,
            ]
        );
    };
}

/// The tests of a [`RunStore`](crate::RunStore): takes an async function that makes a fresh
/// `((Arc<dyn JobStore>, Arc<dyn RunStore>), guard)`.
#[macro_export]
macro_rules! run_store_contract {
    ($make:expr) => {
        $crate::contract_checks!(
            run_store,
            $make,
            [
                a_run_is_read_back_as_it_was_stored,
                a_long_run_is_read_back_as_it_was_stored,
                a_second_run_of_an_id_is_a_conflict,
                a_run_changes_status_only_from_the_expected_one,
                of_many_changes_of_a_run_at_once_exactly_one_succeeds,
                runs_are_listed_newest_first,
                pruning_keeps_the_newest_runs_of_each_repository,
                pruning_takes_ended_jobs_that_no_run_has,
            ]
        );
    };
}

/// The tests of a [`ResultStore`](crate::ResultStore): takes an async function that makes a fresh
/// `(Arc<dyn ResultStore>, guard)`.
#[macro_export]
macro_rules! result_store_contract {
    ($make:expr) => {
        $crate::contract_checks!(
            result_store,
            $make,
            [
                a_result_is_read_back_as_it_was_stored,
                what_nobody_stored_is_absent,
                a_result_without_tests_is_a_result,
                a_first_result_needs_absence,
                a_replacement_needs_the_current_revision,
                a_replacement_takes_the_place_of_everything,
                a_test_that_occurs_twice_is_refused,
                of_many_first_results_at_once_exactly_one_is_stored,
                of_many_replacements_at_once_exactly_one_is_stored,
                many_writers_of_new_tests_do_not_mix_them_up,
                strange_texts_survive,
                durations_are_kept_in_the_stored_precision,
                every_verdict_survives,
            ]
        );
        $crate::contract_checks!(
            result_queries,
            $make,
            [
                summaries_come_in_the_order_asked_for,
                failures_are_the_tests_worth_a_look,
                the_command_is_not_counted,
                the_history_of_a_test_follows_the_keys,
                outcomes_agree_with_the_tests_of_each_result,
                clones_of_a_repository_share_the_columns_of_a_table,
                tests_are_found_in_their_repository_by_pattern,
                tests_far_apart_in_the_history_are_not_mixed_up,
            ]
        );
        $crate::contract_checks!(
            result_prune,
            $make,
            [
                pruning_by_age_takes_older_results_and_names_their_artifacts,
                pruning_by_size_takes_the_oldest_first,
                pruning_spares_what_is_to_be_kept,
                pruning_forgets_tests_that_no_result_has,
                what_is_stored_after_pruning_is_read_back,
            ]
        );
    };
}

/// The tests of an [`ObjectStore`](crate::ObjectStore): takes an async function that makes a fresh
/// `(Arc<dyn ObjectStore>, guard)`.
#[macro_export]
macro_rules! object_store_contract {
    ($make:expr) => {
        $crate::contract_checks!(
            objects,
            $make,
            [
                an_object_is_read_back_as_it_was_written,
                a_second_object_of_a_name_is_a_conflict,
                of_many_writers_of_an_object_exactly_one_succeeds,
                an_object_has_a_place,
            ]
        );
    };
}

/// The tests of an [`EventLog`](crate::EventLog): takes an async function that makes a fresh
/// `(Arc<dyn EventLog>, guard)`.
#[macro_export]
macro_rules! event_log_contract {
    ($make:expr) => {
        $crate::contract_checks!(
            event_log,
            $make,
            [
                every_event_is_read_back_in_order,
                reading_goes_on_where_it_stopped,
                an_unknown_run_has_no_events,
                numbers_start_at_one,
                a_gap_or_a_repeat_is_refused,
                a_batch_is_appended_whole_or_not_at_all,
                a_batch_is_of_one_run,
                runs_have_logs_of_their_own,
                of_many_appends_at_once_exactly_one_succeeds,
                appending_nothing_is_fine,
            ]
        );
    };
}

/// The tests of an [`ArtifactStore`](crate::ArtifactStore): takes an async function that makes a
/// fresh `(Arc<dyn ArtifactStore>, guard)`, and a function that changes the stored content of an
/// artifact behind the store's back, `fn(&guard, &ArtifactScope, &str)`.
#[macro_export]
macro_rules! artifact_store_contract {
    ($make:expr, $damage:expr) => {
        $crate::contract_checks!(
            artifact_store,
            $make,
            [
                what_is_put_is_read_back_once_finished,
                nothing_is_seen_before_the_manifest,
                a_second_put_of_a_name_replaces_the_first,
                what_the_manifest_does_not_list_is_never_seen,
                a_manifest_is_written_once,
                nothing_is_put_into_a_finished_scope,
                a_manifest_must_list_what_was_put,
                a_manifest_lists_a_name_once_and_in_order,
                an_empty_scope_can_be_finished,
                names_that_could_leave_the_scope_are_refused,
                a_name_cannot_be_file_and_folder,
                a_file_is_taken_with_its_content,
                what_is_no_regular_file_is_refused,
                scopes_are_apart,
                a_removed_scope_is_gone,
                of_many_manifests_at_once_exactly_one_is_written,
                several_are_put_as_one_by_one,
            ]
        );

        #[test]
        fn damaged_content_is_not_returned() {
            $crate::contract::block_on(async {
                let (store, guard) = ($make)().await;
                let damage = |scope: &_, name: &_| ($damage)(&guard, scope, name);
                $crate::contract::artifact_store::damaged_content_is_not_returned(store, damage)
                    .await;
            });
        }
    };
}

/// The tests of an [`Engine`](crate::Engine): takes an async function that makes a fresh
/// `(Arc<dyn Engine>, guard)` whose executions go on until they are stopped.
#[macro_export]
macro_rules! engine_contract {
    ($make:expr) => {
        $crate::contract_checks!(
            engine,
            $make,
            [
                a_started_execution_is_described,
                starting_the_same_again_starts_nothing,
                another_input_under_the_same_name_is_a_conflict,
                a_stopped_execution_says_why,
                an_unknown_execution_is_not_there,
                what_an_engine_would_not_take_is_refused,
            ]
        );
    };
}

/// The tests of [`Secrets`](crate::Secrets): takes an async function that makes a
/// `(Arc<dyn Secrets>, guard)` with [`SECRETS`](crate::contract::secrets::SECRETS).
#[macro_export]
macro_rules! secrets_contract {
    ($make:expr) => {
        $crate::contract_checks!(
            secrets,
            $make,
            [
                a_secret_is_read,
                a_key_of_a_secret_is_read,
                what_is_not_there_is_not_found,
                a_secret_never_shows,
            ]
        );
    };
}
