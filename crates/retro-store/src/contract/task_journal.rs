//! Checks of journals.

use std::sync::Arc;

use retro_domain::{EffectId, EffectKind, EffectRecord, Epoch, IllegalTaskTransition};

use super::task_samples::{claim_task, finish_task_run, new_task_run, task_run_id};
use super::{at_once, exactly_one, is_backend, is_not_found, refused};
use crate::{StoreError, TaskJournal, TaskRunStore};

type Stores = (Arc<dyn TaskRunStore>, Arc<dyn TaskJournal>);

const FIRST: Epoch = Epoch(1);

fn effect(run: u32, kind: EffectKind, ordinal: u32) -> EffectId {
    EffectId {
        run: task_run_id(run),
        kind,
        ordinal,
    }
}

fn push() -> EffectId {
    effect(1, EffectKind::Push, 1)
}

fn intent(id: &EffectId, text: &str) -> EffectRecord {
    EffectRecord::intended(id.clone(), text)
}

fn is_effect(error: &StoreError) -> bool {
    matches!(error, StoreError::Effect(_))
}

/// A journal with run 1, which is in the hands of its first runner.
async fn claimed(stores: Stores) -> Stores {
    let run = new_task_run("tool", "T-1", 1);
    stores.0.create_task_run(&run).await.unwrap();
    stores.0.apply(&run.id, &claim_task("a", 0)).await.unwrap();
    stores
}

/// So that who comes after a dead runner knows where to look.
pub async fn an_intent_is_there_before_its_receipt(stores: Stores) {
    let (_runs, store) = claimed(stores).await;
    assert_eq!(store.effects(&task_run_id(1)).await.unwrap(), []);
    let intended = intent(&push(), "x at 1");
    assert_eq!(store.intend(&intended, FIRST).await.unwrap(), intended);
    let effects = store.effects(&task_run_id(1)).await.unwrap();
    assert_eq!(effects, std::slice::from_ref(&intended));
    let done = store.receipt(&push(), FIRST, "1").await.unwrap();
    assert_eq!(done, intended.with_receipt("1").unwrap());
    assert_eq!(store.effects(&task_run_id(1)).await.unwrap(), [done]);
}

/// The second attempt is told what came of the first.
pub async fn the_same_intent_twice_is_one_effect(stores: Stores) {
    let (_runs, store) = claimed(stores).await;
    let intended = intent(&push(), "x at 1");
    for _ in 0..2 {
        assert_eq!(store.intend(&intended, FIRST).await.unwrap(), intended);
    }
    let done = store.receipt(&push(), FIRST, "1").await.unwrap();
    assert_eq!(store.intend(&intended, FIRST).await.unwrap(), done);
    assert_eq!(store.effects(&task_run_id(1)).await.unwrap(), [done]);
}

/// What may be half done is not forgotten; what is done is said to whoever asks.
pub async fn another_intent_is_refused_until_there_is_a_receipt(stores: Stores) {
    let (_runs, store) = claimed(stores).await;
    let (first, other) = (intent(&push(), "x at 1"), intent(&push(), "x at 2"));
    store.intend(&first, FIRST).await.unwrap();
    refused(store.intend(&other, FIRST).await, is_effect);
    let done = store.receipt(&push(), FIRST, "1").await.unwrap();
    assert_eq!(store.intend(&other, FIRST).await.unwrap(), done);
}

/// The same one as often as anybody likes.
pub async fn a_receipt_is_given_once(stores: Stores) {
    let (_runs, store) = claimed(stores).await;
    store.intend(&intent(&push(), "x"), FIRST).await.unwrap();
    for _ in 0..2 {
        let done = store.receipt(&push(), FIRST, "1").await.unwrap();
        assert_eq!(done.receipt.as_deref(), Some("1"));
    }
    refused(store.receipt(&push(), FIRST, "2").await, is_effect);
    let effects = store.effects(&task_run_id(1)).await.unwrap();
    assert_eq!(effects[0].receipt.as_deref(), Some("1"));
}

/// Nothing is done that was not written down first.
pub async fn a_receipt_needs_an_intent(stores: Stores) {
    let (_runs, store) = claimed(stores).await;
    refused(store.receipt(&push(), FIRST, "1").await, is_not_found);
    assert_eq!(store.effects(&task_run_id(1)).await.unwrap(), []);
}

/// It is a mistake of the caller otherwise.
pub async fn an_intent_comes_without_a_receipt(stores: Stores) {
    let (_runs, store) = claimed(stores).await;
    let done = intent(&push(), "x").with_receipt("1").unwrap();
    refused(store.intend(&done, FIRST).await, is_backend);
    assert_eq!(store.effects(&task_run_id(1)).await.unwrap(), []);
}

/// Also when the run is over: a report may be answered late.
pub async fn only_the_runner_of_the_latest_claim_writes((runs, store): Stores) {
    let (id, intended) = (push(), intent(&push(), "x"));
    let stale = |error: &StoreError| {
        use IllegalTaskTransition::StaleEpoch;
        matches!(error, StoreError::TaskTransition(StaleEpoch { .. }))
    };
    let unclaimed = |error: &StoreError| matches!(error, StoreError::TaskTransition(_));
    refused(store.intend(&intended, FIRST).await, is_not_found);
    refused(store.receipt(&id, FIRST, "1").await, is_not_found);
    runs.create_task_run(&new_task_run("tool", "T-1", 1))
        .await
        .unwrap();
    refused(store.intend(&intended, Epoch(0)).await, unclaimed);
    runs.apply(&id.run, &claim_task("a", 0)).await.unwrap();
    store.intend(&intended, FIRST).await.unwrap();
    runs.apply(&id.run, &claim_task("b", 60)).await.unwrap();
    for epoch in [Epoch(0), FIRST, Epoch(3)] {
        refused(store.intend(&intended, epoch).await, stale);
        refused(store.receipt(&id, epoch, "1").await, stale);
    }
    let effects = store.effects(&id.run).await.unwrap();
    assert_eq!(effects, std::slice::from_ref(&intended));
    assert_eq!(store.intend(&intended, Epoch(2)).await.unwrap(), intended);
    let hand_back = retro_domain::TaskRunEvent::HandBack { epoch: Epoch(2) };
    runs.apply(&id.run, &hand_back).await.unwrap();
    finish_task_run(&*runs, &id.run).await;
    store.receipt(&id, Epoch(3), "1").await.unwrap();
}

/// Whatever the order in which they were written.
pub async fn effects_come_in_the_order_of_their_ids(stores: Stores) {
    let (runs, store) = claimed(stores).await;
    let other = new_task_run("tool", "T-1", 2);
    runs.create_task_run(&other).await.unwrap();
    runs.apply(&other.id, &claim_task("a", 0)).await.unwrap();
    let mut ids: Vec<EffectId> = EffectKind::ALL
        .into_iter()
        .flat_map(|kind| [1, 2, 10, u32::MAX].map(|ordinal| effect(1, kind, ordinal)))
        .collect();
    for id in ids.iter().rev() {
        store.intend(&intent(id, "x"), FIRST).await.unwrap();
    }
    let elsewhere = intent(&effect(2, EffectKind::Push, 1), "y");
    store.intend(&elsewhere, FIRST).await.unwrap();
    ids.sort();
    let effects = store.effects(&task_run_id(1)).await.unwrap();
    let found: Vec<EffectId> = effects.into_iter().map(|effect| effect.id).collect();
    assert_eq!(found, ids);
    assert_eq!(store.effects(&other.id).await.unwrap(), [elsewhere]);
    assert_eq!(store.effects(&task_run_id(3)).await.unwrap(), []);
}

/// To the byte.
pub async fn strange_texts_survive(stores: Stores) {
    let (_runs, store) = claimed(stores).await;
    for (ordinal, text) in (1..).zip(["", "\0", "a\r\n\t\"b\"", "📈", "' OR 1"]) {
        let id = effect(1, EffectKind::Comment, ordinal);
        store.intend(&intent(&id, text), FIRST).await.unwrap();
        store.receipt(&id, FIRST, text).await.unwrap();
    }
    for effect in store.effects(&task_run_id(1)).await.unwrap() {
        assert_eq!(effect.receipt.as_ref(), Some(&effect.intent));
    }
}

/// The others are told that something else is under way.
pub async fn of_many_intents_at_once_one_is_kept(stores: Stores) {
    let (_runs, store) = claimed(stores).await;
    let answers = at_once(6, |index| {
        let store = Arc::clone(&store);
        async move {
            let record = intent(&push(), &format!("x at {index}"));
            store.intend(&record, FIRST).await
        }
    })
    .await;
    exactly_one(&answers, is_effect);
    let won = answers.into_iter().find_map(Result::ok);
    let effects = store.effects(&task_run_id(1)).await.unwrap();
    assert_eq!(effects, [won.expect("one succeeded")]);
}

/// As of intents.
pub async fn of_many_receipts_at_once_exactly_one_is_kept(stores: Stores) {
    let (_runs, store) = claimed(stores).await;
    store.intend(&intent(&push(), "x"), FIRST).await.unwrap();
    let answers = at_once(6, |index| {
        let store = Arc::clone(&store);
        async move { store.receipt(&push(), FIRST, &index.to_string()).await }
    })
    .await;
    exactly_one(&answers, is_effect);
}
