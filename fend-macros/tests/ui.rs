//! What the attributes accept, and what the compiler says of every mistake in them; and of tasks that must not be spawned (EX19).
//!
//! `TRYBUILD=overwrite cargo test -p fend-macros --test ui` writes the `.stderr` files anew; read the difference before keeping it.

#[test]
fn compile_pass_and_fail() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass_*.rs");
    cases.compile_fail("tests/ui/fail_*.rs");
}
