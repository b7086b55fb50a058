//! Messages for the fuzzer to start from.

use std::path::PathBuf;

use super::super::{Message, Query};
use super::messages::real_answer;
use super::records::{answer, cases};
use crate::name::Name;

fn seeds() -> Vec<(String, Vec<u8>)> {
    let mut query = Vec::new();
    let name = Name::reverse([192, 0, 2, 1].into());
    Query { id: 1, name: &name, record_type: 12.into(), edns: Some(1232), want_authentic: true }
        .encode(&mut query);
    let mut seeds = vec![("query".to_owned(), query), ("answer".to_owned(), real_answer().0)];
    for (number, (code, data, _)) in cases().into_iter().enumerate() {
        seeds.push((format!("record-{number}-type-{code}"), answer(code, &data).0));
    }
    seeds
}

/// With `FEND_DNS_SEEDS` set, they are written into that folder.
#[test]
fn seeds_for_the_fuzzer_are_messages() {
    let files = seeds();
    for (what, bytes) in &files {
        assert!(Message::parse(bytes).is_ok(), "{what}");
    }
    let Some(folder) = std::env::var_os("FEND_DNS_SEEDS").map(PathBuf::from) else { return };
    for (what, bytes) in files {
        std::fs::write(folder.join(what), bytes).unwrap();
    }
}
