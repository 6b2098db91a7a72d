//! Reads an `oom` object again: behind the feature `deserialize`, which no host's module has.

use alloc::string::String;
use core::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::{Figure, KERNEL, Memory};
use crate::cgroup::{Level, UNKNOWN_TAG};
use crate::kernel::figures::ZONES;
use crate::killers;

/// One of the words that are written.
fn word<'de, D: Deserializer<'de>>(
    deserializer: D,
    words: impl IntoIterator<Item = &'static str>,
) -> Result<&'static str, D::Error> {
    let word = String::deserialize(deserializer)?;
    let known = words.into_iter().find(|known| *known == word);
    known.ok_or_else(|| Error::custom(format_args!("the word {word:?} is none that is written")))
}

pub(super) fn tag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'static str, D::Error> {
    let tags = Level::ALL.iter().map(|level| level.tag());
    word(deserializer, tags.chain([UNKNOWN_TAG]))
}

pub(super) fn killer<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<&'static str>, D::Error> {
    word(deserializer, killers::names().chain([KERNEL])).map(Some)
}

pub(super) fn zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'static str, D::Error> {
    word(deserializer, ZONES)
}

impl<'de> Deserialize<'de> for Level {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = word(deserializer, Self::ALL.iter().map(|level| level.name()))?;
        let level = Self::ALL.iter().find(|level| level.name() == word);
        level
            .copied()
            .ok_or_else(|| Error::custom("a level has no word"))
    }
}

impl<'de> Deserialize<'de> for Memory {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MemoryVisitor)
    }
}

struct MemoryVisitor;

impl<'de> Visitor<'de> for MemoryVisitor {
    type Value = Memory;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("figures of memory")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Memory, A::Error> {
        let mut memory = Memory::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "cgroups" => memory.cgroups = map.next_value()?,
                "allocation" => memory.allocation = map.next_value()?,
                "mostly" => memory.mostly = map.next_value()?,
                name => match Figure::named(name) {
                    Some(figure) => memory.figures.set(figure, Some(map.next_value()?)),
                    // Of a newer version.
                    None => {
                        map.next_value::<IgnoredAny>()?;
                    }
                },
            }
        }
        Ok(memory)
    }
}
