//! The journal of effects in SQLite.

use retro_domain::{EffectId, EffectKind, EffectRecord, Epoch, RunId};
use retro_store::StoreError;
use retro_store::task_run_rules::{intended, no_effect};
use rusqlite::{OptionalExtension as _, Transaction};

use crate::database::Database;
use crate::fault::{Fault, damaged};
use crate::task_runs::check_holder;

pub(crate) fn intend(
    database: &Database,
    effect: &EffectRecord,
    epoch: Epoch,
) -> Result<EffectRecord, StoreError> {
    database.write("writing down an intent", |tx| {
        check_holder(tx, &effect.id.run, epoch)?;
        let stored = find(tx, &effect.id)?;
        let is_new = stored.is_none();
        let record = intended(stored, effect)?;
        if is_new {
            let id = &record.id;
            tx.prepare_cached(
                "INSERT INTO effect (run, kind, ordinal, intent) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute((id.run.as_str(), id.kind.name(), id.ordinal, &record.intent))?;
        }
        Ok(record)
    })
}

pub(crate) fn receipt(
    database: &Database,
    effect: &EffectId,
    epoch: Epoch,
    receipt: &str,
) -> Result<EffectRecord, StoreError> {
    database.write("writing down a receipt", |tx| {
        check_holder(tx, &effect.run, epoch)?;
        let stored = find(tx, effect)?.ok_or_else(|| no_effect(effect))?;
        let record = stored.with_receipt(receipt).map_err(StoreError::from)?;
        tx.prepare_cached(
            "UPDATE effect SET receipt = ?4 WHERE run = ?1 AND kind = ?2 AND ordinal = ?3",
        )?
        .execute((
            effect.run.as_str(),
            effect.kind.name(),
            effect.ordinal,
            receipt,
        ))?;
        Ok(record)
    })
}

pub(crate) fn effects(database: &Database, run: &RunId) -> Result<Vec<EffectRecord>, StoreError> {
    database.read("reading a journal", |tx| {
        let mut select =
            tx.prepare_cached("SELECT kind, ordinal, intent, receipt FROM effect WHERE run = ?1")?;
        let mut rows = select.query([run.as_str()])?;
        let mut effects = Vec::new();
        while let Some(row) = rows.next()? {
            let name: String = row.get(0)?;
            let unknown = || damaged("a journal", format!("it has an effect of kind {name:?}"));
            let id = EffectId {
                run: run.clone(),
                kind: EffectKind::from_name(&name).ok_or_else(unknown)?,
                ordinal: row.get(1)?,
            };
            effects.push(EffectRecord {
                id,
                intent: row.get(2)?,
                receipt: row.get(3)?,
            });
        }
        // The order of kinds is not that of their names.
        effects.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(effects)
    })
}

fn find(tx: &Transaction<'_>, effect: &EffectId) -> Result<Option<EffectRecord>, Fault> {
    Ok(tx
        .prepare_cached(
            "SELECT intent, receipt FROM effect WHERE run = ?1 AND kind = ?2 AND ordinal = ?3",
        )?
        .query_row(
            (effect.run.as_str(), effect.kind.name(), effect.ordinal),
            |row| {
                Ok(EffectRecord {
                    id: effect.clone(),
                    intent: row.get(0)?,
                    receipt: row.get(1)?,
                })
            },
        )
        .optional()?)
}
