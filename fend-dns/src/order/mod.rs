//! The order in which to try addresses: RFC 6724, section 6, as glibc's getaddrinfo(3) has it, so that the native path and the system's
//! give one order.
//!
//! For each address the kernel is asked which source address it would send from ([`sources`], [`memory`]), and for each source the interfaces say
//! how it is to be valued ([`interfaces`]). Then pairs are compared ([`rules`]), which is without I/O.

mod interfaces;
mod memory;
mod recent;
mod rules;
mod sources;

use std::net::SocketAddr;

pub(crate) use interfaces::Interfaces;

use crate::config::Policy;
use rules::goes_first;

/// How many addresses are sorted: each costs three system calls, and a server that sends thousands is not to hold a worker for long.
/// Those beyond come last, as they came.
const MOST: usize = 256;

/// Sorts by the rules of RFC 6724; what they leave open stays as it came. One address alone costs no system call.
pub(crate) fn sort(addresses: &mut [SocketAddr], policy: &Policy) {
    let count = addresses.len().min(MOST);
    let addresses = &mut addresses[..count];
    if count < 2 {
        return;
    }
    let mut candidates = memory::find(addresses);
    merge_sort(&mut candidates, &|left, right| goes_first(left, right, policy));
    for (address, candidate) in addresses.iter_mut().zip(candidates) {
        *address = candidate.destination;
    }
}

/// A stable sort that takes a relation that is no order: rule 9 compares addresses of one family alone, and where a policy has both families
/// mixed it may go round in circles. std's sorts may panic then. The way in which it divides is that of C's qsort, so circles are cut
/// open at the same place.
fn merge_sort<T: Clone>(items: &mut [T], is_before: &impl Fn(&T, &T) -> bool) {
    if items.len() < 2 {
        return;
    }
    let (left, right) = items.split_at_mut(items.len() / 2);
    merge_sort(left, is_before);
    merge_sort(right, is_before);
    let merged = merge(left, right, is_before);
    items.clone_from_slice(&merged);
}

fn merge<'a, T: Clone>(mut left: &'a [T], mut right: &'a [T], is_before: &impl Fn(&T, &T) -> bool) -> Vec<T> {
    let mut merged = Vec::with_capacity(left.len() + right.len());
    while let (Some(first), Some(second)) = (left.first(), right.first()) {
        let from = if is_before(second, first) { &mut right } else { &mut left };
        merged.push(from[0].clone());
        *from = &from[1..];
    }
    merged.extend_from_slice(left);
    merged.extend_from_slice(right);
    merged
}

#[cfg(test)]
pub(crate) mod tests;
