//! A string of any length in, its identity out, though the string is never held: both ends and the length.

/// Bytes at each end that identify the string together with its length.
const PRINT: usize = 64;

/// Both ends and the length of a string that is never held.
#[derive(Debug, Clone)]
pub(super) struct Print {
    head: [u8; PRINT],
    tail: [u8; PRINT],
    pub(super) len: u64,
}

impl Default for Print {
    fn default() -> Self {
        Self { head: [0; PRINT], tail: [0; PRINT], len: 0 }
    }
}

impl Print {
    /// The next bytes.
    pub(super) fn push(&mut self, raw: &[u8]) {
        if let Ok(have) = usize::try_from(self.len)
            && let Some(room) = self.head.get_mut(have..)
        {
            for (slot, &byte) in room.iter_mut().zip(raw) {
                *slot = byte;
            }
        }
        let fresh = raw.len().min(PRINT);
        self.tail.copy_within(fresh.., 0);
        let end = raw.get(raw.len() - fresh..).unwrap_or_default();
        if let Some(slot) = self.tail.get_mut(PRINT - fresh..) {
            slot.copy_from_slice(end);
        }
        self.len += raw.len() as u64;
    }

    /// Same string, same value.
    pub(super) fn value(&self) -> u64 {
        let mut hash = blake3::Hasher::new();
        hash.update(&self.len.to_le_bytes()).update(&self.head).update(&self.tail);
        let mut first = [0u8; 8];
        first.iter_mut().zip(hash.finalize().as_bytes()).for_each(|(to, from)| *to = *from);
        u64::from_le_bytes(first)
    }
}
