//! What a plan writes into its run's manifest.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::{Plan, RunError, Runner, Vary};
use crate::data::DataDirs;
use crate::datasets::Batch;
use crate::proxies::ProxyRef;
use crate::store::files::sha256_of;
use crate::store::{
    BatchFacts, FileFacts, Invocation, ListFacts, Manifest, ProxyFacts, RepetitionFacts, ReuseFacts, Store,
    StoreError,
};

impl Runner<'_> {
    /// The manifest of the plan. Every mini-batch is drawn once for it, so missing data are found before anything is scored.
    ///
    /// # Errors
    /// A mini-batch cannot be drawn, or a file that a proxy reads cannot be read.
    pub fn manifest(
        &self,
        selection: String,
        table: Option<String>,
        invocation: Invocation,
    ) -> Result<Manifest, RunError> {
        let Plan { protocol, proxies, lists, shard } = self.plan;
        let two = proxies.iter().any(|p| p.batches() > 1);
        let (mut repetitions, mut dirs) = (Vec::<RepetitionFacts>::with_capacity(lists.len()), None);
        for repetition in 0..lists.len() as u32 {
            let (batch, next_batch) = match repetitions.first() {
                Some(first) if !protocol.varies(Vary::Batch) => {
                    (first.batch.clone(), first.next_batch.clone())
                }
                _ => {
                    let batch = (self.batch)(repetition, 0)?;
                    let next = two.then(|| (self.batch)(repetition, 1)).transpose()?;
                    let facts = (batch_facts(&batch), next.as_ref().map(batch_facts));
                    dirs = Some(batch.dirs);
                    facts
                }
            };
            let (architectures, reuse) = list_facts(self.plan, repetition);
            let seeds = protocol.seeds(repetition);
            repetitions.push(RepetitionFacts { seeds, architectures, batch, next_batch, reuse });
        }
        let dirs = dirs.unwrap_or_default();
        let resolution = repetitions.first().map_or(0, |r| r.batch.shape[2]);
        let mut manifest = Manifest::new(protocol.key(&self.engine.name(), resolution, *shard)?);
        manifest.proxies = proxies.iter().map(|proxy| proxy_facts(proxy, &dirs)).collect::<Result<_, _>>()?;
        (manifest.selection, manifest.table) = (selection, table);
        (manifest.repetitions, manifest.invocations) = (repetitions, vec![invocation]);
        Ok(manifest)
    }

    /// Opens the run in `folder` for the plan, or begins it.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open(&self, folder: &Path, manifest: &Manifest) -> Result<Store, StoreError> {
        Store::open(folder, manifest, &|r, n| self.plan.prefix(r, n), &|record| self.plan.check(record))
    }
}

fn list_facts(plan: &Plan, repetition: u32) -> (ListFacts, ReuseFacts) {
    let list = &plan.lists[repetition as usize];
    let counts = list.reuse.counts();
    let (dedupe, count) = (counts.dedupe.to_string(), list.archs.len());
    (
        ListFacts { count, sha256: plan.prefix(repetition as usize, count) },
        ReuseFacts { dedupe, listed: counts.listed, distinct: counts.distinct, reused: counts.reused },
    )
}

fn proxy_facts(proxy: &ProxyRef, dirs: &DataDirs) -> Result<ProxyFacts, RunError> {
    let files = proxy.files(dirs);
    Ok(ProxyFacts {
        proxy: proxy.to_string(),
        version: proxy.version(),
        direction: proxy.direction().to_string(),
        command: proxy.command(),
        files: files.iter().map(|path| file_facts(path)).collect::<Result<_, _>>()?,
    })
}

fn file_facts(path: &Path) -> Result<FileFacts, RunError> {
    let unread = |source| RunError::File { path: path.to_path_buf(), source };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(FileFacts::new(&name, sha256_of(path).map_err(unread)?))
}

/// A mini-batch as a manifest identifies it.
pub fn batch_facts(batch: &Batch) -> BatchFacts {
    let mut digest = Sha256::new();
    batch.images.iter().for_each(|x| digest.update(x.to_le_bytes()));
    batch.labels.iter().for_each(|label| digest.update(label.to_le_bytes()));
    BatchFacts {
        description: batch.description.clone(),
        shape: batch.shape,
        classes: batch.classes,
        stand_in: batch.stand_in,
        sha256: hex::encode(digest.finalize()),
    }
}
