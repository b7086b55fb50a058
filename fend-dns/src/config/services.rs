//! services(5): the ports of services that have names.
//!
//! A line is a name, `port/protocol`, and aliases; `#` starts a comment anywhere. Names have a case here, as in C. Lines that are
//! none of this are skipped, and so are ports beyond 65535.

use std::collections::HashMap;

use super::line::{lines, text_words, until};

/// What is known when there is no file at all: small containers have none, and yet "https" should mean something there, as it does in
/// every other program that brings its own table. Where there is a file, it alone counts.
const WITHOUT_FILE: &str = "\
    ftp 21/tcp\nssh 22/tcp\ntelnet 23/tcp\nsmtp 25/tcp mail\ndomain 53/tcp\ndomain 53/udp\nhttp 80/tcp www\n\
    pop3 110/tcp pop-3\nntp 123/udp\nimap2 143/tcp imap\nsnmp 161/udp\nldap 389/tcp\nldap 389/udp\nhttps 443/tcp\nhttps 443/udp\n\
    submissions 465/tcp ssmtp smtps urd\nsyslog 514/udp\nsubmission 587/tcp\nldaps 636/tcp\ndomain-s 853/tcp\n\
    imaps 993/tcp\npop3s 995/tcp\nmysql 3306/tcp\npostgresql 5432/tcp postgres\nxmpp-client 5222/tcp\n\
    redis 6379/tcp\nhttp-alt 8080/tcp webcache";

/// services(5).
#[derive(Debug, Default)]
pub(crate) struct Services {
    /// By name or alias: protocols ("tcp") with their ports, in the order of the file.
    ports: HashMap<Box<str>, Vec<(Box<str>, u16)>>,
}

impl Services {
    /// The services of a file with these bytes; `None`: there is no file.
    pub(crate) fn parse(bytes: Option<&[u8]>) -> Services {
        let mut services = Services::default();
        for line in lines(bytes.unwrap_or(WITHOUT_FILE.as_bytes())) {
            services.read_line(until(line, b'#'));
        }
        services
    }

    fn read_line(&mut self, line: &[u8]) -> Option<()> {
        let mut words = text_words(line);
        let name = words.next()?;
        let (port, protocol) = words.next()?.split_once('/')?;
        let port = port.parse().ok()?;
        for name in std::iter::once(name).chain(words) {
            self.ports.entry(name.into()).or_default().push((protocol.into(), port));
        }
        Some(())
    }

    /// The port of a service, by its name or an alias, for a protocol ("tcp"). The first line that has both counts.
    pub(crate) fn port(&self, name: &str, protocol: &str) -> Option<u16> {
        let ports = self.ports.get(name)?;
        ports.iter().find(|(known, _)| **known == *protocol).map(|(_, port)| *port)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FILE: &[u8] = b"# comment\nhttp\t80/tcp\twww web # comment alias\r\nhttp 8080/tcp\nhttp 81/udp\n  smtp 25/tcp mail\n";

    #[test]
    fn a_service_is_found_by_name_or_alias_and_protocol() {
        let services = Services::parse(Some(FILE));
        assert_eq!(services.port("http", "tcp"), Some(80));
        assert_eq!(services.port("http", "udp"), Some(81));
        assert_eq!(services.port("www", "tcp"), Some(80));
        assert_eq!(services.port("web", "udp"), None);
        assert_eq!(services.port("mail", "tcp"), Some(25));
        for unknown in ["HTTP", "comment", "alias", "#", "", "https"] {
            assert_eq!(services.port(unknown, "tcp"), None, "{unknown}");
        }
    }

    #[test]
    fn lines_that_say_no_port_are_skipped() {
        let services = Services::parse(Some(
            b"a\nb 1\nc x/tcp\nd 65536/tcp\ne -1/tcp\nf /tcp\n\xff 9/tcp\n7/tcp\ng 7/tcp",
        ));
        for name in ["a", "b", "c", "d", "e", "f", "7/tcp"] {
            assert_eq!(services.port(name, "tcp"), None, "{name}");
        }
        assert_eq!(services.port("g", "tcp"), Some(7));
    }

    #[test]
    fn without_a_file_the_best_known_services_are_known() {
        let services = Services::parse(None);
        let known = [
            ("https", 443),
            ("http", 80),
            ("ssh", 22),
            ("smtp", 25),
            ("imap", 143),
            ("domain", 53),
            ("http-alt", 8080),
        ];
        for (name, port) in known {
            assert_eq!(services.port(name, "tcp"), Some(port), "{name}");
        }
        assert_eq!(services.port("domain", "udp"), Some(53));
        assert_eq!(Services::parse(Some(b"")).port("https", "tcp"), None);
    }

    // DN9
    #[test]
    fn a_mebibyte_of_junk_is_no_service_and_no_panic() {
        let junk: Vec<u8> =
            (0..1 << 20).map(|index: u32| (index.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
        assert_eq!(Services::parse(Some(&junk)).port("http", "tcp"), None);
        assert_eq!(Services::parse(Some(&vec![b'a'; 1 << 20])).port("a", "tcp"), None);
    }

    proptest! {
        // DN9
        #[test]
        fn bytes_of_any_kind_do_not_spoil_the_lines_around_them(junk: Vec<u8>) {
            let junk: Vec<u8> = junk.into_iter().filter(|byte| *byte != b'\n').collect();
            let file = [&b"first 1/tcp\n"[..], &junk, b"\nlast 2/tcp"].concat();
            let services = Services::parse(Some(&file));
            prop_assert_eq!(services.port("first", "tcp"), Some(1));
            prop_assert_eq!(services.port("last", "tcp"), Some(2));
        }
    }
}
