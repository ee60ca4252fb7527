//! What runs of tasks do to the world outside.

use async_trait::async_trait;
use retro_domain::{EffectId, EffectRecord, Epoch, RunId};

use crate::StoreError;

/// The journal of effects: what a run is about to do to the world outside is written down before it
/// is done, and what came of it after.
///
/// Only the runner of the latest claim writes. An intent without a receipt says that a runner died
/// between the two: the next one looks whether the effect is there.
///
/// # Guarantees
///
/// - An effect has one intent and at most one receipt; of several callers at once with different
///   ones exactly one succeeds.
/// - A write that returned `Ok` is seen by every later read of any handle on the same store, and
///   survives the death of the process.
///
/// A crash in the middle of a call leaves either all of its effect or none.
#[async_trait]
pub trait TaskJournal: Send + Sync {
    /// Writes down what is to be done, and returns what the journal has of the effect: this, or
    /// what was written before, perhaps with its receipt.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] when there is no such run, [`StoreError::TaskTransition`] when
    /// `epoch` is not that of its latest claim, [`StoreError::Effect`] when something else is to be
    /// done under the same id, [`StoreError::Backend`] when `effect` has a receipt already.
    async fn intend(&self, effect: &EffectRecord, epoch: Epoch)
    -> Result<EffectRecord, StoreError>;

    /// Writes down what came of an effect, and returns what the journal has of it now.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] when there is no such run or intent,
    /// [`StoreError::TaskTransition`] when `epoch` is not that of its latest claim,
    /// [`StoreError::Effect`] when it has another receipt.
    async fn receipt(
        &self,
        effect: &EffectId,
        epoch: Epoch,
        receipt: &str,
    ) -> Result<EffectRecord, StoreError>;

    /// What a run has done, or was about to do, in the order of the ids: by kind, then by ordinal.
    /// None of an unknown run.
    async fn effects(&self, run: &RunId) -> Result<Vec<EffectRecord>, StoreError>;
}
