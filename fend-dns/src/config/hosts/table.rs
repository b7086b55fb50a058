//! [`Names`]: the names of a hosts file, found by hash.

/// No name: the end of a chain.
const NONE: u32 = u32::MAX;

/// The longest name that is kept; a domain name has no more.
const MAX_NAME: usize = 255;

/// Names in the order of their file, and for each hash a chain of those that have it, in this same order.
///
/// The hash has no secret: who can write the hosts file can do worse than to make its chains long, and a lookup passes each
/// name once at most.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// All of them, one after the other, without dots at their ends.
    text: String,
    names: Vec<Name>,
    /// The first name of each chain, by the lower bits of the hash. A power of two of them; none before [`Names::link`].
    heads: Box<[u32]>,
}

#[derive(Debug)]
struct Name {
    start: u32,
    length: u8,
    line: u32,
    next: u32,
}

impl Names {
    /// Whether there is no room for a further line.
    pub(super) fn is_full(&self) -> bool {
        // Far enough from the limit for the longest line that can be in memory beside this.
        self.text.len() > (u32::MAX / 2) as usize
    }

    /// Takes a name of a line, and numbers it; `None`, and nothing is taken, when it is no name.
    pub(super) fn push(&mut self, name: &str, line: u32) -> Option<u32> {
        let name = without_dot(name);
        if name.is_empty() || name.len() > MAX_NAME {
            return None;
        }
        let number = u32::try_from(self.names.len()).ok().filter(|&number| number != NONE)?;
        let start = u32::try_from(self.text.len()).ok()?;
        let length = u8::try_from(name.len()).ok()?;
        self.text.push_str(name);
        self.names.push(Name { start, length, line, next: NONE });
        Some(number)
    }

    /// Makes the chains, once all names are there.
    pub(super) fn link(&mut self) {
        self.text.shrink_to_fit();
        self.names.shrink_to_fit();
        self.heads = vec![NONE; self.names.len().next_power_of_two()].into();
        // From the last to the first, each before its chain: so that chains have the order of the file.
        for number in (0..self.names.len()).rev() {
            let slot = self.slot(hash(self.text_at(number)));
            self.names[number].next = self.heads[slot];
            // Names are counted in u32: see `push`.
            self.heads[slot] = number as u32;
        }
    }

    /// The lines that have this name, whatever the case of its ASCII letters. A line that has it twice comes twice.
    pub(super) fn lines_of(&self, name: &str) -> impl Iterator<Item = u32> {
        let name = without_dot(name);
        let head = if self.heads.is_empty() { NONE } else { self.heads[self.slot(hash(name))] };
        let of = |number: u32| self.names.get(number as usize).map(|name| (number, name));
        std::iter::successors(of(head), move |(_, name)| of(name.next))
            .filter(move |(number, _)| self.text(*number).eq_ignore_ascii_case(name))
            .map(|(_, name)| name.line)
    }

    /// A name as the file spells it.
    pub(super) fn text(&self, number: u32) -> &str {
        self.text_at(number as usize)
    }

    fn text_at(&self, number: usize) -> &str {
        let name = &self.names[number];
        let start = name.start as usize;
        &self.text[start..start + usize::from(name.length)]
    }

    fn slot(&self, hash: u64) -> usize {
        hash as usize & (self.heads.len() - 1)
    }
}

/// Without the dot that says that a name is whole.
fn without_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

/// FNV-1a over the letters in lower case, mixed once more for the sake of the lower bits.
fn hash(name: &str) -> u64 {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3)
    });
    hash ^ (hash >> 32)
}

#[cfg(test)]
impl Names {
    /// About how much memory this has.
    pub(super) fn bytes(&self) -> usize {
        self.text.capacity() + self.names.capacity() * size_of::<Name>() + size_of_val(&*self.heads)
    }
}
