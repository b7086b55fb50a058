//! What `--data` takes: the bytes themselves, or where to read them.

use std::fs;
use std::io::{self, Read};
use std::path::PathBuf;

use crate::status::Failure;

#[derive(Debug)]
pub(crate) enum Data {
    Bytes(Vec<u8>),
    File {
        /// `-` is standard input.
        path: PathBuf,
        /// Leaves out CR, LF and NUL, as curl does: many a file with a form's data ends in an end of line.
        strip: bool,
    },
}

impl Data {
    pub(crate) fn parse(text: &str, strip: bool) -> Data {
        match text.strip_prefix('@') {
            Some(path) => Data::File { path: path.into(), strip },
            None => Data::Bytes(text.as_bytes().to_vec()),
        }
    }

    /// Blocks while it reads.
    fn load(self) -> Result<Vec<u8>, Failure> {
        let (path, strip) = match self {
            Data::Bytes(bytes) => return Ok(bytes),
            Data::File { path, strip } => (path, strip),
        };
        let read = if path.as_os_str() == "-" {
            let mut bytes = Vec::new();
            io::stdin().read_to_end(&mut bytes).map(|_| bytes)
        } else {
            fs::read(&path)
        };
        let mut bytes = read.map_err(|error| Failure::Input(path, error))?;
        if strip {
            bytes.retain(|byte| !b"\r\n\0".contains(byte));
        }
        Ok(bytes)
    }
}

/// All of them, with a `&` between any two. `None` when there are none.
pub(crate) fn load(data: Vec<Data>) -> Result<Option<Vec<u8>>, Failure> {
    if data.is_empty() {
        return Ok(None);
    }
    let parts = data.into_iter().map(Data::load).collect::<Result<Vec<_>, _>>()?;
    Ok(Some(parts.join(&b'&')))
}
