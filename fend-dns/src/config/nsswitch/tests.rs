use proptest::prelude::*;

use super::*;

fn order(text: &str) -> HostsOrder {
    HostsOrder::parse(text.as_bytes())
}

fn beyond(word: &str) -> HostsOrder {
    HostsOrder::BeyondUs(word.to_owned())
}

#[test]
fn files_and_dns_are_ours_in_either_order() {
    assert_eq!(order("passwd: files\nhosts: files dns\nnetworks: files\n"), HostsOrder::FilesDns);
    assert_eq!(order("hosts:\tdns\tfiles\r\n"), HostsOrder::DnsFiles);
    assert_eq!(order("hosts: files"), HostsOrder::Files);
    assert_eq!(order("  hosts  :dns"), HostsOrder::Dns);
}

#[test]
fn without_a_line_it_is_files_and_then_dns() {
    for text in ["", "passwd: dns", "# hosts: dns", "Hosts: dns", "hostss: dns", "hosts", "\0hosts: dns"] {
        assert_eq!(order(text), HostsOrder::FilesDns, "{text}");
    }
}

#[test]
fn the_last_of_several_lines_counts() {
    assert_eq!(order("hosts: files\nhosts: dns\n"), HostsOrder::Dns);
    assert_eq!(order("hosts: mdns\nhosts: files dns\n"), HostsOrder::FilesDns);
}

#[test]
fn other_sources_go_to_the_c_library() {
    let lines = [
        ("files mdns4_minimal [NOTFOUND=return] dns", "mdns4_minimal"),
        ("files myhostname dns", "myhostname"),
        ("files resolve [!UNAVAIL=return] dns", "resolve"),
        ("mymachines resolve [!UNAVAIL=return] files myhostname dns", "mymachines"),
        ("files dns nis", "nis"),
        ("FILES", "FILES"),
        ("files dns # comment", "#"),
        ("files files dns", "files files dns"),
        ("files dns files", "files dns files"),
        (" ", "a hosts line without sources"),
        ("", "a hosts line without sources"),
    ];
    for (line, word) in lines {
        assert_eq!(order(&format!("hosts: {line}\n")), beyond(word), "{line}");
    }
}

#[test]
fn reactions_that_change_nothing_are_ours() {
    let lines = [
        "files [NOTFOUND=continue] dns",
        "files[ NotFound = Continue  unavail=continue ]dns",
        "files [SUCCESS=return] dns [SUCCESS=return]",
        "files [!SUCCESS=continue] dns",
        "files dns [NOTFOUND=return]",
        "files dns [!UNAVAIL=return]",
        "files dns [!SUCCESS=return] [TRYAGAIN=continue]",
    ];
    for line in lines {
        assert_eq!(order(&format!("hosts: {line}\n")), HostsOrder::FilesDns, "{line}");
    }
}

#[test]
fn reactions_that_change_something_go_to_the_c_library() {
    let lines = [
        ("files [NOTFOUND=return] dns", "[NOTFOUND=return]"),
        ("dns [!UNAVAIL=return] files", "[!UNAVAIL=return]"),
        ("dns[!UNAVAIL=return]files", "[!UNAVAIL=return]"),
        ("files [!SUCCESS=return] dns", "[!SUCCESS=return]"),
        ("files [!NOTFOUND=continue] dns", "[!NOTFOUND=continue]"),
        ("files [SUCCESS=continue] dns", "[SUCCESS=continue]"),
        ("files [SUCCESS=merge] dns", "[SUCCESS=merge]"),
        ("files dns [SUCCESS=continue]", "[SUCCESS=continue]"),
        ("files dns [!NOTFOUND=continue]", "[!NOTFOUND=continue]"),
    ];
    for (line, word) in lines {
        assert_eq!(order(&format!("hosts: {line}\n")), beyond(word), "{line}");
    }
}

// DN9
#[test]
fn lines_that_make_no_sense_go_to_the_c_library() {
    for line in [
        "[NOTFOUND=return] dns",
        "files [",
        "files []",
        "files [a=return] dns",
        "files [NOTFOUND] dns",
        "files [NOTFOUND=] dns",
        "files [NOTFOUND=x] dns",
        "files [NOTFOUND return x] dns",
        "\u{fffd}",
    ] {
        assert!(matches!(order(&format!("hosts: {line}")), HostsOrder::BeyondUs(_)), "{line}");
    }
    assert!(matches!(HostsOrder::parse(b"hosts: \xff"), HostsOrder::BeyondUs(_)));
}

// DN9
#[test]
fn a_mebibyte_of_junk_does_not_hide_a_line() {
    let junk: Vec<u8> =
        (0..1 << 20).map(|index: u32| (index.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
    for junk in [
        junk,
        vec![b'['; 1 << 20],
        b"hosts: ".repeat(150_000),
        b"hosts: files [NOTFOUND=return] ".repeat(30_000),
    ] {
        let file = [&junk[..], b"\nhosts: dns\n"].concat();
        assert_eq!(HostsOrder::parse(&file), HostsOrder::Dns);
        let _ = HostsOrder::parse(&junk);
    }
}

proptest! {
    // DN9
    #[test]
    fn bytes_of_any_kind_are_read(bytes: Vec<u8>) {
        let _ = HostsOrder::parse(&bytes);
        let _ = HostsOrder::parse(&[b"hosts: ", &bytes[..]].concat());
    }

    // DN9
    #[test]
    fn lines_of_any_kind_are_ours_only_with_our_sources(
        words in "((files|dns|mdns|\\[!?(NOTFOUND|SUCCESS|x)=(return|continue)\\]|[\\[\\]=!]) ?){0,6}",
    ) {
        let order = order(&format!("hosts: {words}"));
        if words.contains("mdns") {
            prop_assert!(matches!(order, HostsOrder::BeyondUs(_)));
        }
    }
}
