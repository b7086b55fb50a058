//! The canonical order of names: RFC 4034, section 6.1.

use std::cmp::Ordering;

use super::{MAX_LABELS, Name};

/// Where the labels of a name start, so that they can be read from the right.
struct Labels<'a> {
    wire: &'a [u8],
    starts: [u8; MAX_LABELS],
    count: usize,
}

impl<'a> Labels<'a> {
    fn of(name: &'a Name) -> Labels<'a> {
        let mut labels = Labels { wire: name.as_wire(), starts: [0; MAX_LABELS], count: 0 };
        let mut start = 0;
        for label in name.labels() {
            labels.starts[labels.count] = start;
            labels.count += 1;
            start += 1 + label.len() as u8;
        }
        labels
    }

    fn right_to_left(&self) -> impl Iterator<Item = &'a [u8]> {
        self.starts[..self.count].iter().rev().map(|&start| {
            let start = usize::from(start);
            &self.wire[start + 1..][..usize::from(self.wire[start])]
        })
    }
}

fn compare(a: &[u8], b: &[u8]) -> Ordering {
    a.iter().map(u8::to_ascii_lowercase).cmp(b.iter().map(u8::to_ascii_lowercase))
}

impl Ord for Name {
    fn cmp(&self, other: &Name) -> Ordering {
        let (own, others) = (Labels::of(self), Labels::of(other));
        let differences = own.right_to_left().zip(others.right_to_left()).map(|(a, b)| compare(a, b));
        differences.into_iter().find(|order| order.is_ne()).unwrap_or(own.count.cmp(&others.count))
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Name) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
