//! Effects and their records.

use retro_domain::{CommitId, EffectId, EffectKind, EffectRecord};
use retro_store::StoreError;

use super::session::Session;

impl Session {
    /// What the journal has of the run.
    pub(super) fn effects(&self) -> Result<Vec<EffectRecord>, StoreError> {
        self.wait(self.services.journal.effects(&self.run.id))
    }

    /// The records of one kind, by their ordinals.
    pub(super) fn effects_of(&self, kind: EffectKind) -> Result<Vec<EffectRecord>, StoreError> {
        let mut found = self.effects()?;
        found.retain(|record| record.id.kind == kind);
        Ok(found)
    }

    /// Writes down what is to be done, unless the last record of the kind says the same.
    pub(super) fn intend(
        &self,
        kind: EffectKind,
        intent: &str,
    ) -> Result<EffectRecord, StoreError> {
        let last = self.effects_of(kind)?.pop();
        let ordinal = match &last {
            Some(last) if last.intent == intent => return Ok(last.clone()),
            Some(last) => last.id.ordinal + 1,
            None => 1,
        };
        let run = self.run.id.clone();
        let record = EffectRecord::intended(EffectId { run, kind, ordinal }, intent);
        self.wait(self.services.journal.intend(&record, self.epoch))
    }

    /// Writes down what came of it.
    pub(super) fn receipt(&self, effect: &EffectId, receipt: &str) -> Result<(), StoreError> {
        let written = self.services.journal.receipt(effect, self.epoch, receipt);
        self.wait(written).map(drop)
    }

    /// Every commit that the run has written down, of whatever effect: its own.
    pub(super) fn known_commits(&self) -> Result<Vec<CommitId>, StoreError> {
        let effects = self.effects()?;
        let texts = effects.iter().flat_map(|record| {
            let receipt = record.receipt.as_deref().unwrap_or_default();
            record
                .intent
                .split_whitespace()
                .chain(receipt.split_whitespace())
        });
        let mut known: Vec<CommitId> = texts.filter_map(|word| word.parse().ok()).collect();
        known.sort_unstable();
        known.dedup();
        Ok(known)
    }
}
