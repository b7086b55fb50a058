//! What is usually at a port, by /etc/services: a name, and no promise.

use std::collections::HashMap;
use std::fs;

pub(crate) struct Services(HashMap<u16, String>);

impl Services {
    /// Without the file no port has a name.
    pub(crate) fn of_this_machine() -> Services {
        Services::read(&fs::read_to_string("/etc/services").unwrap_or_default())
    }

    /// Lines such as `http  80/tcp  www  # WorldWideWeb` (services(5)). The first name of a port is taken.
    fn read(text: &str) -> Services {
        let mut names = HashMap::new();
        for line in text.lines() {
            let entry = line.split('#').next().unwrap_or_default();
            let mut words = entry.split_whitespace();
            let (Some(name), Some(port)) = (words.next(), words.next()) else { continue };
            if let Some(port) = port.strip_suffix("/tcp").and_then(|port| port.parse().ok()) {
                names.entry(port).or_insert_with(|| name.to_owned());
            }
        }
        Services(names)
    }

    pub(crate) fn name(&self, port: u16) -> Option<&str> {
        self.0.get(&port).map(String::as_str)
    }
}
