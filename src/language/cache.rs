//! [`Cache`]: vectors of texts that were read before, by the hash of the text, in bounded memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

type Key = [u8; 32];

/// Two generations: when the young one is full it becomes the old one, and what the old one held is forgotten unless it was asked for.
pub struct Cache {
    most: usize,
    generations: Mutex<Generations>,
}

#[derive(Default)]
struct Generations {
    young: HashMap<Key, Arc<[f32]>>,
    old: HashMap<Key, Arc<[f32]>>,
}

impl Cache {
    /// Never holds more than twice `most` vectors.
    pub fn new(most: usize) -> Self {
        Self { most: most.max(1), generations: Mutex::default() }
    }

    pub fn key(text: &str) -> Key {
        Sha256::digest(text.as_bytes()).into()
    }

    pub fn get(&self, key: &Key) -> Option<Arc<[f32]>> {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(vector) = generations.young.get(key) {
            return Some(Arc::clone(vector));
        }
        let vector = generations.old.remove(key)?;
        self.insert(&mut generations, *key, &vector);
        Some(vector)
    }

    pub fn put(&self, key: Key, vector: &Arc<[f32]>) {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        self.insert(&mut generations, key, vector);
    }

    fn insert(&self, generations: &mut Generations, key: Key, vector: &Arc<[f32]>) {
        if generations.young.len() >= self.most {
            generations.old = std::mem::take(&mut generations.young);
        }
        generations.young.insert(key, Arc::clone(vector));
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        let generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        generations.young.len() + generations.old.len()
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
