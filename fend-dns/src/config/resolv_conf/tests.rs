//! Expectations are what res_ninit(3) of glibc 2.36 made of the same bytes, except where a test says otherwise.

use std::net::Ipv6Addr;

use proptest::prelude::*;

use super::*;
use crate::sys;

fn parse(text: &str) -> ResolvConf {
    ResolvConf::parse(text.as_bytes(), &Environment::default())
}

fn servers(text: &str) -> Vec<String> {
    parse(text).servers.iter().map(ToString::to_string).collect()
}

fn search(text: &str, environment: &Environment) -> Vec<String> {
    let search = ResolvConf::parse(text.as_bytes(), environment).search;
    search.iter().map(|name| name.to_string().trim_end_matches('.').to_owned()).collect()
}

#[test]
fn an_empty_file_means_the_server_of_this_machine_and_the_defaults() {
    let conf = parse("");
    assert_eq!(servers(""), ["127.0.0.1:53"]);
    assert!(conf.search.is_empty());
    assert_eq!((conf.ndots, conf.timeout, conf.attempts), (1, Duration::from_secs(5), 2));
    assert_eq!(conf, ResolvConf { servers: conf.servers.clone(), ..ResolvConf::unconfigured() });
}

#[test]
fn the_first_three_servers_count() {
    let text = "nameserver 10.1\nnameserver 0x0a000001\nnameserver 010.0.0.1 junk\nnameserver 9.9.9.9\n";
    assert_eq!(servers(text), ["10.0.0.1:53", "10.0.0.1:53", "8.0.0.1:53"]);
}

#[test]
fn a_server_may_have_an_interface() {
    let lo = sys::interface_index("lo").unwrap();
    let text = "nameserver ::1%lo\nnameserver fe80::1%lo junk\nnameserver fe80::1%nosuch";
    let link_local: Ipv6Addr = "fe80::1".parse().unwrap();
    let expected = [
        SocketAddrV6::new(Ipv6Addr::LOCALHOST, 53, 0, 0),
        SocketAddrV6::new(link_local, 53, 0, lo),
        SocketAddrV6::new(link_local, 53, 0, 0),
    ];
    assert_eq!(parse(text).servers, expected.map(SocketAddr::from));
    assert_eq!(servers("nameserver fe80::1%7"), ["[fe80::1%7]:53"]);
}

// DN9
#[test]
fn lines_that_name_no_server_are_skipped() {
    let text = "nameserver 1.2.3.4x\nnameserver 1.2.3.4;\nnameserver 1.2.3.4#c\nnameserver\t1.1.1.1\n nameserver 2.2.2.2\n\
                nameserver 256.1.1.1\n#nameserver 3.3.3.3\n;nameserver 4.4.4.4\nnameserver\nnameserver \nnameservers 5.5.5.5\n\
                NAMESERVER 6.6.6.6\nnameserver \u{e9}\nnameserver ::ffff:1.2.3.4";
    assert_eq!(servers(text), ["1.1.1.1:53", "[::ffff:1.2.3.4]:53"]);
}

/// Where the C library would find no server at all.
#[test]
fn lines_may_end_in_cr_and_lf() {
    let text = "nameserver 1.2.3.4\r\nnameserver ::2\r\noptions rotate\r\n";
    assert_eq!(servers(text), ["1.2.3.4:53", "[::2]:53"]);
    assert!(parse(text).rotate);
}

#[test]
fn the_last_line_says_what_to_search() {
    let none = Environment::default();
    assert_eq!(search("search a b\tc # d\ndomain x y\n", &none), ["x"]);
    assert_eq!(
        search("domain x y\nsearch a. b c d e f g h\r\n", &none),
        ["a", "b", "c", "d", "e", "f", "g", "h"]
    );
    assert_eq!(search("search a\nsearch \nsearch\ndomain \n domain b\n", &none), ["a"]);
    assert_eq!(ResolvConf::parse(b"search .", &none).search, [Name::root()]);
}

// DN9
#[test]
fn a_search_list_has_an_end() {
    assert_eq!(parse(&format!("search {}", "a ".repeat(100_000))).search.len(), MAX_SEARCH);
}

// DN9
#[test]
fn words_that_are_no_domain_are_skipped() {
    let long = "a".repeat(64);
    assert_eq!(search(&format!("search a..b {long} ok"), &Environment::default()), ["ok"]);
    let conf = ResolvConf::parse(b"search \xff\xfe ok\ndomain \xff ok", &Environment::default());
    assert!(conf.search.is_empty());
}

#[test]
fn localdomain_comes_before_the_file_and_the_file_before_the_hosts_own_domain() {
    let host = Environment { host_name: Some("host.dom.example".into()), ..Environment::default() };
    assert_eq!(search("options rotate", &host), ["dom.example"]);
    assert_eq!(search("search a", &host), ["a"]);
    let local = Environment { local_domain: Some(b"q r\ts\nt".into()), ..host.clone() };
    assert_eq!(search("search a\ndomain b", &local), ["q", "r", "s"]);
    let empty = Environment { local_domain: Some(Vec::new()), ..host };
    assert!(search("search a", &empty).is_empty());
    let dot = Environment { host_name: Some("host.".into()), ..Environment::default() };
    assert!(search("", &dot).iter().all(String::is_empty));
}

#[test]
fn numbers_of_options_have_limits() {
    let numbers = |text: &str| {
        let conf = parse(&format!("options {text}"));
        (conf.ndots, conf.timeout.as_secs(), conf.attempts)
    };
    assert_eq!(numbers("ndots:99 timeout:99 attempts:99"), (15, 30, 5));
    assert_eq!(numbers("ndots:99999999999999999999 timeout:99999999999999999999"), (15, 30, 2));
    assert_eq!(numbers("ndots:0 timeout:+4 attempts:3x"), (0, 4, 3));
    assert_eq!(numbers("ndots:3 ndots:2"), (2, 5, 2));
    // C has 0 seconds and 0 attempts here, and then waits 1 s, or does not ask at all.
    assert_eq!(numbers("ndots: timeout:0 attempts:0"), (0, 1, 1));
    assert_eq!(numbers("ndots:-1 timeout:-1 attempts:-1"), (15, 1, 1));
}

#[test]
fn each_option_has_its_effect_and_no_other() {
    let plain =
        || ResolvConf { servers: vec![(Ipv4Addr::LOCALHOST, 53).into()], ..ResolvConf::unconfigured() };
    let cases = [
        ("rotate;edns0", ResolvConf { rotate: true, ..plain() }),
        ("edns0x", ResolvConf { edns0: true, ..plain() }),
        ("single-request", ResolvConf { single_request: true, ..plain() }),
        ("single-request-reopen", ResolvConf { single_request: true, ..plain() }),
        ("trust-ad", ResolvConf { trust_ad: true, ..plain() }),
        ("use-vc", ResolvConf { use_tcp: true, ..plain() }),
        ("no-aaaa", ResolvConf { no_aaaa: true, ..plain() }),
        ("no-tld-query", ResolvConf { no_tld_query: true, ..plain() }),
        ("no_tld_query", ResolvConf { no_tld_query: true, ..plain() }),
        ("no-reload", ResolvConf { no_reload: true, ..plain() }),
        ("debug inet6 ip6-bytestring ip6-dotint no-check-names Rotate xrotate : ndots", plain()),
    ];
    for (option, expected) in cases {
        assert_eq!(parse(&format!("options {option}\n")), expected, "{option}");
    }
}

#[test]
fn options_of_several_lines_and_of_the_environment_add_up() {
    let environment = Environment { res_options: Some(b"ndots:4 rotate".into()), ..Environment::default() };
    let conf = ResolvConf::parse(b"options ndots:2 edns0\noptions use-vc\n", &environment);
    assert_eq!((conf.ndots, conf.rotate, conf.edns0, conf.use_tcp), (4, true, true, true));
}

#[test]
fn what_only_the_c_library_does_is_said() {
    assert_eq!(parse("sortlist 1.2.3.4 5.6.7.8/255.0.0.0").beyond_us.as_deref(), Some("sortlist"));
    assert_eq!(parse("sortlist \n#sortlist 1.2.3.4").beyond_us, None);
    let environment = Environment { has_host_aliases: true, ..Environment::default() };
    assert_eq!(ResolvConf::parse(b"", &environment).beyond_us.as_deref(), Some("HOSTALIASES"));
}

// DN9
#[test]
fn a_mebibyte_of_junk_does_not_hide_a_server() {
    let junk: Vec<u8> =
        (0..1 << 20).map(|index: u32| (index.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
    for junk in [
        junk,
        vec![b'a'; 1 << 20],
        vec![b'\n'; 1 << 20],
        b"nameserver ".repeat(100_000),
        b"options ".repeat(130_000),
    ] {
        let file = [&junk[..], b"\nnameserver 9.9.9.9\n"].concat();
        let conf = ResolvConf::parse(&file, &Environment::default());
        assert_eq!(conf.servers, [SocketAddr::from(([9, 9, 9, 9], 53))]);
    }
}

fn any_line() -> impl Strategy<Value = String> {
    let keyword = "(nameserver|options|sortlist|#|;|search|domain)?";
    let value = "([0-9a-f:.%x]{0,20}|ndots:-?[0-9]{0,30}|timeout:[0-9]{0,9}|attempts:[0-9]{0,9}|rotate|[a-z.]{0,80}|\\PC{0,9})";
    (keyword, "[ \t\r]{0,2}", value, "[ \t\r]{0,2}", value)
        .prop_map(|(k, a, v, b, w)| [k, a, v, b, w].concat())
}

proptest! {
    // DN9
    #[test]
    fn bytes_of_any_kind_make_a_config_within_its_limits(bytes: Vec<u8>, options: Option<Vec<u8>>, local_domain: Option<Vec<u8>>) {
        let environment = Environment { res_options: options, local_domain, ..Environment::default() };
        assert_within_limits(&ResolvConf::parse(&bytes, &environment));
    }

    // DN9
    #[test]
    fn lines_of_any_kind_make_a_config_within_its_limits(lines in prop::collection::vec(any_line(), 0..20)) {
        assert_within_limits(&parse(&lines.join("\n")));
    }
}

fn assert_within_limits(conf: &ResolvConf) {
    assert!((1..=3).contains(&conf.servers.len()));
    assert!(
        conf.ndots <= 15 && (1..=5).contains(&conf.attempts) && (1..=30).contains(&conf.timeout.as_secs())
    );
}
