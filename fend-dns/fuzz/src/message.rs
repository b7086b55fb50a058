//! Bytes from a stranger, read as a DNS message.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| fend_dns::fuzzing::message(bytes));
