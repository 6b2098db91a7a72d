//! What was made of modules: a suite loads the same one again and again, with other options.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::error::HostError;

/// Results, by what they depend on.
pub(crate) struct Known<K, V>(Mutex<BTreeMap<K, V>>);

impl<K: Ord, V: Clone> Known<K, V> {
    /// None yet.
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    /// The result of that key, made where there is none yet.
    ///
    /// # Errors
    ///
    /// Those of `make`; they are not kept.
    pub(crate) fn or_make(
        &self,
        key: K,
        make: impl FnOnce() -> Result<V, HostError>,
    ) -> Result<V, HostError> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = known.get(&key) {
            return Ok(value.clone());
        }
        let value = make()?;
        known.insert(key, value.clone());
        Ok(value)
    }
}
