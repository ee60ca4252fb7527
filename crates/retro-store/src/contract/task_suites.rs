//! The tests of what task runs need, one macro for each trait.

/// The tests of a [`TaskRunStore`](crate::TaskRunStore): takes an async function that makes a fresh
/// `((Arc<dyn TaskRunStore>, Arc<dyn TaskJournal>, Arc<dyn TaskEventLog>), guard)`.
#[macro_export]
macro_rules! task_run_store_contract {
    ($make:expr) => {
        $crate::contract_checks!(
            task_run_store,
            $make,
            [
                a_new_run_waits_with_number_one,
                a_task_is_read_back_with_every_setting,
                what_stands_for_a_secret_stays_what_it_is,
                an_address_with_a_password_is_refused,
                numbers_count_the_runs_of_a_task_in_a_repository,
                asking_again_returns_what_is_there,
                another_run_of_an_id_is_a_conflict,
                of_many_runs_at_once_each_has_its_number,
                of_many_tries_of_one_run_one_is_made,
                runs_are_listed_newest_first,
                runs_are_found_by_their_branch,
                where_a_change_is_is_said_by_the_holder_alone,
                pruning_keeps_the_newest_runs_of_each_task,
                pruning_spares_runs_that_are_not_over,
                pruning_takes_effects_and_events,
                no_number_comes_back,
            ]
        );
        $crate::contract_checks!(
            task_claims,
            $make,
            [
                an_event_for_an_unknown_run_is_not_found,
                every_state_is_read_back_as_it_was_written,
                events_do_what_the_transition_function_says,
                an_older_epoch_is_refused,
                a_held_run_cannot_be_claimed_before_its_lease_ends,
                of_many_claims_at_once_exactly_one_succeeds,
                of_many_claims_of_an_expired_lease_exactly_one_succeeds,
                of_many_answers_at_once_exactly_one_counts,
                an_interruption_and_the_holder_do_not_lose_each_other,
                runs_that_are_not_over_are_listed_oldest_first,
            ]
        );
    };
}

/// The tests of a [`TaskJournal`](crate::TaskJournal): takes an async function that makes a fresh
/// `((Arc<dyn TaskRunStore>, Arc<dyn TaskJournal>), guard)` of one store.
#[macro_export]
macro_rules! task_journal_contract {
    ($make:expr) => {
        $crate::contract_checks!(
            task_journal,
            $make,
            [
                an_intent_is_there_before_its_receipt,
                the_same_intent_twice_is_one_effect,
                another_intent_is_refused_until_there_is_a_receipt,
                a_receipt_is_given_once,
                a_receipt_needs_an_intent,
                an_intent_comes_without_a_receipt,
                only_the_runner_of_the_latest_claim_writes,
                effects_come_in_the_order_of_their_ids,
                strange_texts_survive,
                of_many_intents_at_once_one_is_kept,
                of_many_receipts_at_once_exactly_one_is_kept,
            ]
        );
    };
}

/// The tests of a [`TaskEventLog`](crate::TaskEventLog): takes an async function that makes a fresh
/// `(Arc<dyn TaskEventLog>, guard)`.
#[macro_export]
macro_rules! task_event_log_contract {
    ($make:expr) => {
        $crate::contract_checks!(
            task_event_log,
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
                writers_that_read_on_append_all_of_theirs,
                appending_nothing_is_fine,
            ]
        );
    };
}

/// The tests of a [`TaskQueue`](crate::TaskQueue): takes an async function that makes a fresh
/// `(Arc<dyn TaskQueue>, guard)` that puts a message aside after three receipts, and an async
/// function that returns every dead letter with its reason, `async fn(&guard) -> Vec<(String,
/// String)>`.
#[macro_export]
macro_rules! task_queue_contract {
    ($make:expr, $look:expr) => {
        $crate::contract_checks!(
            task_queue,
            $make,
            [
                a_message_is_received_by_one,
                many_messages_are_received_once_each,
                many_receivers_get_each_message_once,
                a_deleted_message_does_not_come_back,
                a_message_that_is_let_go_comes_back,
                a_message_that_nobody_finishes_is_put_aside,
                what_no_queue_takes_is_refused,
            ]
        );
        $crate::dead_letter_checks!(
            $make,
            $look,
            [
                a_message_is_put_aside_with_its_reason,
                the_longest_message_is_put_aside,
            ]
        );
    };
}

/// One test for each check of dead letters.
#[doc(hidden)]
#[macro_export]
macro_rules! dead_letter_checks {
    ($make:expr, $look:expr, [$($check:ident),* $(,)?]) => {
        $(
            #[test]
            fn $check() {
                $crate::contract::block_on(async {
                    let (store, guard) = ($make)().await;
                    let look = async || ($look)(&guard).await;
                    $crate::contract::task_queue::$check(store, look).await;
                });
            }
        )*
    };
}

/// The tests of a [`FolderSync`](crate::FolderSync): takes an async function that makes a fresh
/// `(Arc<dyn FolderSync>, guard)`, and an async function that looks at a place behind the store's
/// back, `async fn(&guard, &str) -> Placed`.
#[macro_export]
macro_rules! folder_sync_contract {
    ($make:expr, $look:expr) => {
        $crate::folder_sync_checks!(
            $make,
            $look,
            [
                a_place_becomes_like_the_folder,
                what_has_the_same_content_is_skipped,
                a_change_that_keeps_size_and_time_is_noticed,
                files_have_content_types_and_cache_headers,
                a_missing_folder_is_skipped,
                links_pipes_and_git_are_left_out,
                a_folder_outside_the_work_tree_is_refused,
                a_place_outside_the_store_is_refused,
                rules_that_are_none_are_refused,
                places_are_apart,
                of_many_at_once_one_ends_well,
                many_files_are_taken_along,
            ]
        );
    };
}

/// One test for each check of synchronisations.
#[doc(hidden)]
#[macro_export]
macro_rules! folder_sync_checks {
    ($make:expr, $look:expr, [$($check:ident),* $(,)?]) => {
        $(
            #[test]
            fn $check() {
                $crate::contract::block_on(async {
                    let (store, guard) = ($make)().await;
                    let look = async |place: &str| ($look)(&guard, place).await;
                    $crate::contract::folder_sync::$check(store, look).await;
                });
            }
        )*
    };
}
