//! Where a receive puts what it decrypts: memory with a value, memory that has none yet, and a look that takes nothing.

use std::io::{Read, Write};
#[cfg(feature = "hyper")]
use std::mem::MaybeUninit;

use openssl::ssl::Error;

use super::tls::Tls;

pub(crate) trait Room {
    /// Whether what is read is taken, so that a second read gives what comes behind it.
    const TAKES: bool;

    fn len(&self) -> usize;

    /// One read of OpenSSL's to behind the first `filled` bytes. Of what follows there, as many bytes as the result says are initialised then.
    fn read<W: Read + Write>(&mut self, filled: usize, tls: &mut Tls<W>) -> Result<usize, Error>;
}

impl Room for [u8] {
    const TAKES: bool = true;

    #[inline]
    fn len(&self) -> usize {
        self.len()
    }

    #[inline]
    fn read<W: Read + Write>(&mut self, filled: usize, tls: &mut Tls<W>) -> Result<usize, Error> {
        tls.ssl_read(&mut self[filled..])
    }
}

#[cfg(feature = "hyper")]
impl Room for [MaybeUninit<u8>] {
    const TAKES: bool = true;

    #[inline]
    fn len(&self) -> usize {
        self.len()
    }

    #[inline]
    fn read<W: Read + Write>(&mut self, filled: usize, tls: &mut Tls<W>) -> Result<usize, Error> {
        tls.ssl_read_uninit(&mut self[filled..])
    }
}

/// Bytes that are only looked at, and are there for the next receive again.
pub(crate) struct Peek<'a>(pub(crate) &'a mut [u8]);

impl Room for Peek<'_> {
    const TAKES: bool = false;

    #[inline]
    fn len(&self) -> usize {
        self.0.len()
    }

    #[inline]
    fn read<W: Read + Write>(&mut self, filled: usize, tls: &mut Tls<W>) -> Result<usize, Error> {
        tls.ssl_peek(&mut self.0[filled..])
    }
}
