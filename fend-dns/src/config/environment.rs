//! What of a process's surroundings changes how resolv.conf(5) is read.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use crate::sys;

/// The environment's variables, and the machine's name: taken once, so that tests can give their own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Environment {
    /// RES_OPTIONS: options after those of the file.
    pub(crate) res_options: Option<Vec<u8>>,
    /// LOCALDOMAIN: the search list, in place of the file's.
    pub(crate) local_domain: Option<Vec<u8>>,
    /// HOSTALIASES names a file of aliases, which only the C library reads.
    pub(crate) has_host_aliases: bool,
    /// Whose domain is searched when nothing else is said.
    pub(crate) host_name: Option<String>,
}

impl Environment {
    /// That of this process, now.
    pub(crate) fn of_process() -> Environment {
        let variable = |name| std::env::var_os(name).map(OsString::into_vec);
        Environment {
            res_options: variable("RES_OPTIONS"),
            local_domain: variable("LOCALDOMAIN"),
            has_host_aliases: variable("HOSTALIASES").is_some_and(|path| !path.is_empty()),
            host_name: sys::host_name(),
        }
    }

    /// What follows the first dot of the host's name.
    pub(super) fn domain(&self) -> Option<&str> {
        self.host_name.as_deref()?.split_once('.').map(|(_, domain)| domain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_domain_is_what_follows_the_first_dot() {
        let of = |name: &str| Environment { host_name: Some(name.into()), ..Environment::default() };
        assert_eq!(of("host.example.org").domain(), Some("example.org"));
        assert_eq!(of("host").domain(), None);
        assert_eq!(Environment::default().domain(), None);
    }
}
