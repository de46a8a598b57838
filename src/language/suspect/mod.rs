//! Wrong characters (错别字) and what was likely meant.
//!
//! - [`ngrams`] counts of characters, added together and kept in a file · [`confusions`] what is mixed up with what
//! - [`known`] words that are right · [`features`], [`network`] how corrections are weighed · [`mod@fit`] what ships
//! - [`detect`] text in, suspects out
//! - `bytes` the numbers of the file
//!
//! ```text
//! file: "BINGLICN" · version u16 · parts: tag u8, length u32, bytes · the first 8 bytes of the SHA-256 of all before
//! parts: 1 n-grams (always) · 2 mix-ups seen · 3 network
//! ```
//! All numbers are little-endian. A hospital's own counts are a file with part 1 alone; [`Model::merge`] adds them to what ships.

mod bytes;
pub mod confusions;
pub mod detect;
pub mod features;
pub mod fit;
pub mod known;
pub mod network;
pub mod ngrams;
#[cfg(test)]
mod tests;

use sha2::{Digest, Sha256};

use self::bytes::Reader;
pub use self::confusions::Seen;
pub use self::detect::{Correction, Detector, Suspect};
pub use self::network::Network;
pub use self::ngrams::Counts;
use super::ModelError;

const MAGIC: &[u8; 8] = b"BINGLICN";
const VERSION: u16 = 1;
const SEAL: usize = 8;

/// What a file holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Model {
    pub counts: Counts,
    /// Which characters were seen to be mixed up.
    pub seen: Seen,
    pub network: Option<Network>,
}

impl Model {
    /// Adds a hospital's counts; mix-ups and network stay as they are.
    pub fn merge(&mut self, counts: &Counts) {
        self.counts.merge(counts);
    }

    /// As a file.
    pub fn write(&self) -> Vec<u8> {
        let mut parts = vec![(1u8, Vec::new()), (2, Vec::new())];
        self.counts.write(&mut parts[0].1);
        self.seen.write(&mut parts[1].1);
        if let Some(network) = &self.network {
            parts.push((3, Vec::new()));
            network.write(&mut parts[2].1);
        }
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_le_bytes());
        for (tag, part) in parts {
            bytes.push(tag);
            bytes.extend((part.len() as u32).to_le_bytes());
            bytes.extend(part);
        }
        let seal = Sha256::digest(&bytes);
        bytes.extend(&seal[..SEAL]);
        bytes
    }

    /// Reads a file and says what is wrong with it; the name is for messages.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Self, ModelError> {
        let Parts { ngrams, seen, network } = Parts::read(name, bytes)?;
        Ok(Self { counts: Counts::of(ngrams), seen, network })
    }
}

/// The parts of a file as they stand there.
#[derive(Default)]
struct Parts {
    ngrams: ngrams::Sorted,
    seen: Seen,
    network: Option<Network>,
}

impl Parts {
    fn read(name: &str, bytes: &[u8]) -> Result<Self, ModelError> {
        let problem = |what: &str| ModelError(format!("{name}: {what}"));
        if !bytes.starts_with(MAGIC) {
            return Err(problem("not a file of n-grams"));
        }
        let (body, seal) = bytes.split_at(bytes.len().saturating_sub(SEAL).max(MAGIC.len()));
        if seal != &Sha256::digest(body)[..SEAL] {
            return Err(problem("damaged: its checksum is another"));
        }
        let mut reader = Reader::new(name, &body[MAGIC.len()..]);
        let version = reader.u16()?;
        if version != VERSION {
            return Err(problem(&format!("written as version {version}, this reads version {VERSION}")));
        }
        let mut parts = Self::default();
        let mut before = 0;
        while reader.left() > 0 {
            let (tag, length) = (reader.take(1)?[0], reader.u32()? as usize);
            let mut part = Reader::new(name, reader.take(length)?);
            if tag <= before {
                return Err(problem(&format!("part {tag} behind part {before}")));
            }
            before = tag;
            match tag {
                1 => parts.ngrams = ngrams::read(&mut part)?,
                2 => parts.seen = Seen::read(&mut part)?,
                3 => parts.network = Some(Network::read(&mut part)?),
                _ => return Err(problem(&format!("part {tag} is unknown"))),
            }
            if part.left() > 0 {
                return Err(problem(&format!("{} bytes too many in part {tag}", part.left())));
            }
        }
        if before == 0 { Err(problem("no n-grams in it")) } else { Ok(parts) }
    }
}
