use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> Policy {
    Policy::parse(text.as_bytes())
}

fn v6(text: &str) -> Ipv6Addr {
    text.parse().unwrap()
}

#[test]
fn an_empty_file_leaves_the_defaults_of_glibc() {
    let policy = parse("");
    assert_eq!(policy.labels, LABELS);
    assert_eq!(policy.precedences, PRECEDENCES);
    assert_eq!(policy.v4_scopes, V4_SCOPES);
}

/// What Debian's file has as comments.
#[test]
fn the_defaults_written_out_are_the_defaults() {
    let text = "label ::1/128 0\nlabel ::/0 1\nlabel 2002::/16 2\nlabel ::/96 3\nlabel ::ffff:0:0/96 4\nlabel fec0::/10 5\n\
                label fc00::/7 6\nlabel 2001:0::/32 7\nprecedence  ::1/128       50\nprecedence  ::/0          40\n\
                precedence  2002::/16     30\nprecedence ::/96          20\nprecedence ::ffff:0:0/96  10\n\
                scopev4 ::ffff:169.254.0.0/112  2\nscopev4 ::ffff:127.0.0.0/104    2\nscopev4 ::ffff:0.0.0.0/96       14\n";
    assert_eq!(parse(text), parse(""));
}

#[test]
fn a_line_puts_the_table_of_its_kind_aside() {
    let policy = parse("precedence ::ffff:0:0/96  100 # IPv4 first\r\nreload yes\n");
    assert_eq!(policy.precedences, [(MAPPED, 96, 100), (ANY, 0, 40)]);
    assert_eq!(policy.labels, LABELS);
    assert_eq!(policy.v4_scopes, V4_SCOPES);
    assert_eq!(parse("label 2001:db8::/32 9").labels, [(v6("2001:db8::"), 32, 9), (ANY, 0, 1)]);
    let scopes = parse("scopev4 10.0.0.9/8 5\nscopev4 192.168.0.0/16 5").v4_scopes;
    let expected = [("192.168.0.0", 16, 5), ("10.0.0.0", 8, 5), ("0.0.0.0", 0, 14)];
    assert_eq!(scopes, expected.map(|(address, length, scope)| (address.parse().unwrap(), length, scope)));
}

#[test]
fn a_prefix_of_no_length_replaces_what_all_other_addresses_have() {
    assert_eq!(parse("label ::/0 9\nlabel ::1 8").labels, [(Ipv6Addr::LOCALHOST, 128, 8), (ANY, 0, 9)]);
    assert_eq!(parse("scopev4 0.0.0.0/0 3").v4_scopes, [(Ipv4Addr::UNSPECIFIED, 0, 3)]);
    assert_eq!(parse("scopev4 ::ffff:0.0.0.0/96 3").v4_scopes, [(Ipv4Addr::UNSPECIFIED, 0, 3)]);
}

#[test]
fn prefixes_of_one_length_stay_in_their_order() {
    let labels = parse("label 2::/16 1\nlabel 1::/16 2\nlabel 2::/16 3\nlabel 3::/24 4").labels;
    let values: Vec<_> = labels.iter().map(|&(_, length, value)| (length, value)).collect();
    assert_eq!(values, [(24, 4), (16, 1), (16, 2), (16, 3), (0, 1)]);
}

// DN9
#[test]
fn lines_that_make_no_sense_are_skipped() {
    let text = "label\nlabel ::1/129 1\nlabel ::1/x 1\nlabel ::1/128 -1\nlabel ::1/128 2147483648\nlabel 127.0.0.1/8 1\nlabel x 1\n\
                Label ::1/128 1\nlabels ::1/128 1\nscopev4 ::1/128 1\nscopev4 ::ffff:1.2.3.4/95 1\nscopev4 10.0.0.0/33 1\n\
                scopev4 fe80::/10 1\nprecedence ::1/128 x\n/ /\n";
    assert_eq!(parse(text), parse(""));
}

// DN9
#[test]
fn a_mebibyte_of_junk_is_no_policy_and_no_panic() {
    let junk: Vec<u8> =
        (0..1 << 20).map(|index: u32| (index.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
    assert_eq!(Policy::parse(&junk), parse(""));
    assert_eq!(parse(&"label ::/0 1\n".repeat(80_000)).labels.len(), 80_000);
}

proptest! {
    // DN9
    #[test]
    fn tables_always_end_with_an_entry_for_all_addresses(
        bytes: Vec<u8>,
        lines in prop::collection::vec("(label|precedence|scopev4) [0-9a-f:./]{0,20} [0-9-]{0,11}", 0..9),
    ) {
        for policy in [Policy::parse(&bytes), parse(&lines.join("\n"))] {
            prop_assert_eq!(policy.labels.last().map(|entry| entry.1), Some(0));
            prop_assert_eq!(policy.precedences.last().map(|entry| entry.1), Some(0));
            prop_assert_eq!(policy.v4_scopes.last().map(|entry| entry.1), Some(0));
        }
    }
}
