//! `#[fend::main]` and `#[fend::test]`.
