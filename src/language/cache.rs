//! [`Cache`]: vectors of texts that were read before, by the hash of the text, in bounded memory.

use std::sync::Arc;

use quick_cache::sync;
use sha2::{Digest, Sha256};

type Key = [u8; 32];

/// Shared by threads; what is asked for often stays longest.
pub struct Cache {
    vectors: sync::Cache<Key, Arc<[f32]>>,
}

impl Cache {
    pub fn new(vectors: usize) -> Self {
        Self { vectors: sync::Cache::new(vectors) }
    }

    pub fn key(text: &str) -> Key {
        Sha256::digest(text.as_bytes()).into()
    }

    pub fn get(&self, key: &Key) -> Option<Arc<[f32]>> {
        self.vectors.get(key)
    }

    pub fn put(&self, key: Key, vector: &Arc<[f32]>) {
        self.vectors.insert(key, Arc::clone(vector));
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.vectors.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_and_memory_is_bounded() {
        let cache = Cache::new(10);
        let vector: Arc<[f32]> = Arc::from([1.0f32, 2.0].as_slice());
        let favourite = Cache::key("今日无发热");
        cache.put(favourite, &vector);
        for number in 0..1000 {
            cache.put(Cache::key(&format!("文本{number}")), &vector);
            assert_eq!(cache.get(&favourite).as_deref(), Some(&[1.0f32, 2.0][..]), "after {number}");
            assert!(cache.len() <= 20);
        }
        assert!(cache.get(&Cache::key("文本0")).is_none());
    }
}
