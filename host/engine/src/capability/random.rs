//! `random`: the machine's randomness. Without a grant there are numbers that hang on the call's seed alone, and so on its
//! input.

use blake3::OutputReader;
use wasmtime::component::{HasSelf, Linker};
use wasmtime::{Result, bail};
use wasmtime_wasi::p2::bindings::random::{insecure, insecure_seed, random};
use wasmtime_wasi::random::WasiRandomCtx;

use super::Abilities;
use crate::instance::Guest;

/// Most bytes of one question.
const MAX_BYTES: u64 = 1 << 20;

/// What the host keeps for an instance.
pub(crate) enum Random {
    /// The machine's.
    Real(Box<WasiRandomCtx>),
    /// What hangs on the seed, for each of the two interfaces.
    Seeded { secure: Box<OutputReader>, insecure: Box<OutputReader> },
}

impl Random {
    pub(crate) fn new(is_granted: bool) -> Self {
        if is_granted { Self::Real(Box::default()) } else { Self::seeded(0) }
    }

    pub(crate) fn begin(&mut self, seed: u64) {
        if let Self::Seeded { .. } = self {
            *self = Self::seeded(seed);
        }
    }

    fn seeded(seed: u64) -> Self {
        Self::Seeded {
            secure: stream("stillroom 2026 random of a call", seed),
            insecure: stream("stillroom 2026 insecure random of a call", seed),
        }
    }
}

fn stream(context: &str, seed: u64) -> Box<OutputReader> {
    Box::new(blake3::Hasher::new_derive_key(context).update(&seed.to_le_bytes()).finalize_xof())
}

fn bytes(stream: &mut OutputReader, count: u64) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(count).unwrap_or_default()];
    stream.fill(&mut bytes);
    bytes
}

fn number(stream: &mut OutputReader) -> u64 {
    let mut bytes = [0; 8];
    stream.fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

fn check(count: u64) -> Result<()> {
    if count > MAX_BYTES {
        bail!("asked for {count} random bytes at once; {MAX_BYTES} are the most");
    }
    Ok(())
}

pub(crate) fn link(linker: &mut Linker<Guest>, interface: &str) -> Result<()> {
    match interface {
        "wasi:random/random" => random::add_to_linker::<Guest, HasSelf<Abilities>>(linker, Guest::abilities),
        "wasi:random/insecure" => insecure::add_to_linker::<Guest, HasSelf<Abilities>>(linker, Guest::abilities),
        _ => insecure_seed::add_to_linker::<Guest, HasSelf<Abilities>>(linker, Guest::abilities),
    }
}

impl random::Host for Abilities {
    fn get_random_bytes(&mut self, count: u64) -> Result<Vec<u8>> {
        check(count)?;
        match &mut self.random {
            Random::Real(real) => real.get_random_bytes(count),
            Random::Seeded { secure, .. } => Ok(bytes(secure, count)),
        }
    }

    fn get_random_u64(&mut self) -> Result<u64> {
        match &mut self.random {
            Random::Real(real) => real.get_random_u64(),
            Random::Seeded { secure, .. } => Ok(number(secure)),
        }
    }
}

impl insecure::Host for Abilities {
    fn get_insecure_random_bytes(&mut self, count: u64) -> Result<Vec<u8>> {
        check(count)?;
        match &mut self.random {
            Random::Real(real) => real.get_insecure_random_bytes(count),
            Random::Seeded { insecure, .. } => Ok(bytes(insecure, count)),
        }
    }

    fn get_insecure_random_u64(&mut self) -> Result<u64> {
        match &mut self.random {
            Random::Real(real) => real.get_insecure_random_u64(),
            Random::Seeded { insecure, .. } => Ok(number(insecure)),
        }
    }
}

impl insecure_seed::Host for Abilities {
    /// A guest asks for it once, to seed its hash tables, and keeps the answer. One that hung on the batch in hand would
    /// make all later answers of this instance hang on which batch came first.
    fn insecure_seed(&mut self) -> Result<(u64, u64)> {
        match &mut self.random {
            Random::Real(real) => real.insecure_seed(),
            Random::Seeded { .. } => Ok((0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::insecure::Host as _;
    use super::random::Host as _;
    use super::*;

    fn drawn(abilities: &mut Abilities, seed: u64) -> (Vec<u8>, u64, Vec<u8>) {
        abilities.random.begin(seed);
        let secure = abilities.get_random_bytes(16).expect("few");
        (secure, abilities.get_random_u64().expect("one"), abilities.get_insecure_random_bytes(16).expect("few"))
    }

    #[test]
    fn numbers_hang_on_the_seed_alone() {
        let (mut one, mut other) = (Abilities::default(), Abilities::default());
        let first = drawn(&mut one, 7);
        assert_ne!(drawn(&mut one, 8), first);
        assert_eq!(drawn(&mut one, 7), first);
        assert_eq!(drawn(&mut other, 7), first);
        assert_ne!(first.0, first.2, "the two interfaces have numbers of their own");
    }
}
