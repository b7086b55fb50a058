//! What the C library knows of this machine: its name, and the indices of its interfaces.

use std::ffi::{CStr, CString};

/// The machine's own name: gethostname(2). `None` when it has none that is text.
pub(crate) fn host_name() -> Option<String> {
    // HOST_NAME_MAX is 64 on Linux.
    let mut bytes = [0u8; 256];
    // SAFETY: rule 1. One byte less than there are: the last stays 0, for a name that is cut has no end of its own.
    let result = unsafe { libc::gethostname(bytes.as_mut_ptr().cast(), bytes.len() - 1) };
    if result != 0 {
        return None;
    }
    let name = CStr::from_bytes_until_nul(&bytes).ok()?;
    name.to_str().ok().filter(|name| !name.is_empty()).map(str::to_owned)
}

/// The index of an interface of this network namespace: if_nametoindex(3). `None` when there is none of that name.
pub(crate) fn interface_index(name: &str) -> Option<u32> {
    let name = CString::new(name).ok()?;
    // SAFETY: rule 2.
    let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
    (index != 0).then_some(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_interface_has_an_index_and_an_unknown_one_has_none() {
        assert!(interface_index("lo").is_some());
        assert_eq!(interface_index("no-such-interface"), None);
        assert_eq!(interface_index("l\0o"), None);
        assert_eq!(interface_index(""), None);
    }

    #[test]
    fn the_machine_has_the_name_that_the_kernel_shows() {
        let shown = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
        assert_eq!(host_name().unwrap_or_default(), shown.trim_end());
    }
}
