//! Where a model is loaded from, and [`Language`], the whole of it: encoder, tokens and heads.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::Serialize;

use super::compare::Comparer;
use super::heads::features::Passage;
use super::heads::signs::signs;
use super::heads::{Features, Head, Heads, Verdict};
use super::int8::Int8Encoder;
use super::packed::{Packed, digest};
use super::suspect::Detector;
use super::tokens::Tokens;
use super::{Config, Embedder, ModelError, lessons};
use crate::rules::judge::Candidate;
use crate::rules::{Knowledge, Rulebook};

/// The files of a model: `config.json`, `tokenizer.json`, `model.safetensors`, and, where there are, `judge.json` with the heads of `judge` rules and
/// `compare.safetensors` for `relate` and `verify`, `suspect.bin` and `confusions.tsv` for wrong characters.
#[derive(Clone)]
pub struct ModelFolder {
    pub config: Cow<'static, [u8]>,
    pub tokenizer: Cow<'static, [u8]>,
    pub weights: Cow<'static, [u8]>,
    pub heads: Option<Cow<'static, [u8]>>,
    pub comparer: Option<Cow<'static, [u8]>>,
    /// Counts of characters, and which are mixed up.
    pub suspect: Option<Typos>,
}

/// What the search for wrong characters goes by.
#[derive(Clone)]
pub struct Typos {
    /// `suspect.bin`
    pub counts: Cow<'static, [u8]>,
    /// `confusions.tsv`
    pub table: Cow<'static, [u8]>,
}

impl ModelFolder {
    /// The model that ships in this binary.
    pub fn embedded() -> Self {
        Self {
            config: Cow::Borrowed(include_bytes!("../../models/config.json")),
            tokenizer: Cow::Borrowed(include_bytes!("../../models/tokenizer.json")),
            weights: Cow::Borrowed(include_bytes!("../../models/model.safetensors")),
            heads: Some(Cow::Borrowed(include_bytes!("../../models/judge.json"))),
            comparer: None,
            suspect: Some(Typos {
                counts: Cow::Borrowed(include_bytes!("../../models/suspect.bin")),
                table: Cow::Borrowed(include_bytes!("../../models/confusions.tsv")),
            }),
        }
    }

    /// A folder on disk: a packed model, or any BERT encoder with floating-point weights, which is quantised as it is loaded.
    pub fn open(root: &Path) -> std::io::Result<Self> {
        let read = |name: &str| {
            let named = |error: std::io::Error| std::io::Error::new(error.kind(), format!("{name}: {error}"));
            std::fs::read(root.join(name)).map(Cow::Owned).map_err(named)
        };
        let optional = |name: &str| match read(name) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            file => file.map(Some),
        };
        Ok(Self {
            config: read("config.json")?,
            tokenizer: read("tokenizer.json")?,
            weights: read("model.safetensors")?,
            heads: optional("judge.json")?,
            comparer: optional("compare.safetensors")?,
            suspect: optional("suspect.bin")?
                .map(|counts| Ok::<_, std::io::Error>(Typos { counts, table: read("confusions.tsv")? }))
                .transpose()?,
        })
    }

    /// Writes every file but the heads into a folder, for a model that a hospital goes on with; files that are there stay.
    pub fn write_beside_heads(&self, root: &Path) -> std::io::Result<()> {
        let files = [("config.json", &self.config), ("tokenizer.json", &self.tokenizer), ("model.safetensors", &self.weights)];
        let typos = self.suspect.iter().flat_map(|typos| [("suspect.bin", &typos.counts), ("confusions.tsv", &typos.table)]);
        let comparer = self.comparer.iter().map(|bytes| ("compare.safetensors", bytes));
        std::fs::create_dir_all(root)?;
        for (name, bytes) in files.into_iter().chain(typos).chain(comparer).filter(|(name, _)| !root.join(name).exists()) {
            std::fs::write(root.join(name), bytes)?;
        }
        Ok(())
    }

    /// `sha256:…` of the encoder, without its heads.
    pub fn encoder_digest(&self) -> String {
        digest(&[&self.config, &self.tokenizer, &self.weights])
    }

    pub fn embedder(&self) -> Result<Embedder, ModelError> {
        let config = Config::parse(&self.config)?;
        let tokens = Tokens::read(&self.tokenizer, config.max_position_embeddings, config.vocab_size)?;
        let packed = Packed::read(&config, &self.weights)?;
        Ok(Embedder::new(tokens, Box::new(Int8Encoder::new(packed))))
    }
}

/// Names the model in reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Identity {
    pub name: String,
    pub version: String,
    /// Over all its files.
    pub sha256: String,
}

/// A rule's head, or why there is none.
#[derive(Debug, Clone, PartialEq)]
pub enum Readiness {
    Ready(Box<Head>),
    /// It did not reach the precision that the rule demands.
    Silent,
    /// The rule's statement or cases changed since it was fitted.
    Stale,
}

/// A loaded model with the heads of one rulebook.
pub struct Language {
    pub identity: Identity,
    embedder: Embedder,
    centre: Vec<f32>,
    heads: BTreeMap<String, Readiness>,
    /// What sets two texts against each other; `None` where the folder has none for this encoder.
    pub comparer: Option<Comparer>,
    /// What looks for wrong characters.
    pub detector: Option<Detector>,
}

impl fmt::Debug for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Language").field("identity", &self.identity).finish_non_exhaustive()
    }
}

impl Language {
    pub fn load(folder: &ModelFolder, rulebook: &Rulebook) -> Result<Self, ModelError> {
        let embedder = folder.embedder()?;
        let config = embedder.encoder().config();
        let none: &[u8] = &[];
        let (counts, table) = folder.suspect.as_ref().map_or((none, none), |typos| (&*typos.counts, &*typos.table));
        let (judge, compare) = (folder.heads.as_deref().unwrap_or(none), folder.comparer.as_deref().unwrap_or(none));
        let sha256 = digest(&[&folder.config, &folder.tokenizer, &folder.weights, judge, compare, counts, table]);
        let identity = Identity { name: config.name.clone(), version: config.version.clone(), sha256 };
        let file = match &folder.heads {
            None => None,
            Some(json) => Some(Heads::parse(json)?).filter(|heads| heads.encoder == folder.encoder_digest()),
        };
        let mut heads = BTreeMap::new();
        let mut centre = Vec::new();
        if let Some(file) = file {
            file.check(embedder.width())?;
            centre = file.centre;
            for (id, head) in file.heads {
                let Some(compiled) = rulebook.rule(&id) else { continue };
                let readiness = match head.threshold {
                    _ if lessons::digest_of(&compiled.rule) != head.cases => Readiness::Stale,
                    None => Readiness::Silent,
                    Some(_) => Readiness::Ready(Box::new(head)),
                };
                heads.insert(id, readiness);
            }
        }
        let comparer = folder.comparer.as_ref().map(|bytes| Comparer::read(bytes, embedder.width())).transpose()?;
        let detector = match &folder.suspect {
            None => None,
            Some(Typos { counts, table }) => {
                let table = str::from_utf8(table).map_err(|error| ModelError(format!("confusions.tsv: {error}")))?;
                Some(Detector::read("suspect.bin", counts, table, rulebook.knowledge.lexicon().words())?)
            }
        };
        Ok(Self { identity, embedder, centre, heads, comparer, detector })
    }

    pub fn embedder(&self) -> &Embedder {
        &self.embedder
    }

    /// The head of a rule; `None` where the model never learnt it.
    pub fn readiness(&self, rule: &str) -> Option<&Readiness> {
        self.heads.get(rule)
    }

    /// What a head says of passages, each with the text it is read with.
    pub fn verdicts(&self, head: &Head, candidates: &[Candidate], knowledge: &Knowledge) -> Result<Vec<Verdict>, ModelError> {
        let verdict = |candidate: &Candidate| {
            let Candidate { text, against, evidence } = candidate;
            let first = self.embedder.vectors(&[text.as_str()])?.swap_remove(0);
            let second = if against.is_empty() { None } else { Some(self.embedder.vectors(&[against.as_str()])?.swap_remove(0)) };
            let passage = Passage { text, against, signs: &signs(evidence, knowledge) };
            Ok(head.judge(&Features::new(&passage, &first, second.as_deref(), &self.centre)))
        };
        candidates.iter().map(verdict).collect()
    }
}
