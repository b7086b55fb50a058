//! [`Tls`]: the `openssl` crate's `SslStream`, whose inner stream is reached without asking OpenSSL for it.
//!
//! The crate asks the `SSL` for its `BIO` and that for its data each time, which are two calls into OpenSSL. A send looks at the wire four
//! times: that was a seventh of what fend adds to OpenSSL's own work for a record.
//!
//! Rules that the SAFETY comments cite:
//!
//! 1. The `BIO` of an `SslStream` is its own from the beginning to the end, and so is the data of the `BIO`, which is a Rust value on the heap
//!    with the inner stream in it. Neither is ever exchanged: this module lends nobody a `&mut SslStream`.
//! 2. The pointer is the one that OpenSSL keeps, moved to the stream inside the data. So it may be used between any two calls of OpenSSL,
//!    in whose callbacks the crate makes references of its own from the same pointer.
//! 3. A borrow of `Tls` keeps OpenSSL from being called while there is a reference to the inner stream, and the other way round.

use std::fmt;
#[cfg(feature = "hyper")]
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use foreign_types::ForeignTypeRef;
use openssl::error::ErrorStack;
use openssl::ssl::{Error, ShutdownResult, Ssl, SslRef, SslStream};
use openssl_sys as ffi;

pub(crate) struct Tls<W> {
    tls: SslStream<W>,
    /// Into the data of the `BIO`.
    inner: NonNull<W>,
}

// SAFETY: rule 1: what the pointer leads to belongs to the `SslStream` beside it, and is handed out as that does it.
unsafe impl<W: Send> Send for Tls<W> {}
// SAFETY: as above.
unsafe impl<W: Sync> Sync for Tls<W> {}

impl<W: std::io::Read + std::io::Write> Tls<W> {
    pub(crate) fn new(ssl: Ssl, inner: W) -> Result<Tls<W>, ErrorStack> {
        let mut tls = SslStream::new(ssl, inner)?;
        // SAFETY: rule 1: it is an `SSL` with a `BIO` that has data.
        let data = unsafe { ffi::BIO_get_data(ffi::SSL_get_rbio(tls.ssl().as_ptr())) };
        let offset = std::ptr::from_mut(tls.get_mut()).addr() - data.addr();
        // SAFETY: rule 1: the stream is a field of the data, so this stays inside of it.
        let inner = unsafe { data.byte_add(offset) };
        Ok(Tls { tls, inner: NonNull::new(inner.cast()).expect("the data is on the heap") })
    }

    pub(crate) fn ssl_read(&mut self, buf: &mut [u8]) -> Result<usize, Error> {
        self.tls.ssl_read(buf)
    }

    #[cfg(feature = "hyper")]
    pub(crate) fn ssl_read_uninit(&mut self, buf: &mut [MaybeUninit<u8>]) -> Result<usize, Error> {
        self.tls.ssl_read_uninit(buf)
    }

    pub(crate) fn ssl_peek(&mut self, buf: &mut [u8]) -> Result<usize, Error> {
        self.tls.ssl_peek(buf)
    }

    pub(crate) fn ssl_write(&mut self, buf: &[u8]) -> Result<usize, Error> {
        self.tls.ssl_write(buf)
    }

    pub(crate) fn do_handshake(&mut self) -> Result<(), Error> {
        self.tls.do_handshake()
    }

    pub(crate) fn shutdown(&mut self) -> Result<ShutdownResult, Error> {
        self.tls.shutdown()
    }

    pub(crate) fn write_early_data(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        self.tls.write_early_data(bytes)
    }

    pub(crate) fn read_early_data(&mut self, buf: &mut [u8]) -> Result<usize, Error> {
        self.tls.read_early_data(buf)
    }
}

impl<W> Tls<W> {
    #[inline]
    pub(crate) fn ssl(&self) -> &SslRef {
        self.tls.ssl()
    }

    #[inline]
    pub(crate) fn get_ref(&self) -> &W {
        // SAFETY: rules 1 to 3.
        unsafe { self.inner.as_ref() }
    }

    #[inline]
    pub(crate) fn get_mut(&mut self) -> &mut W {
        // SAFETY: rules 1 to 3.
        unsafe { self.inner.as_mut() }
    }
}

impl<W: fmt::Debug> fmt::Debug for Tls<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tls").field(self.get_ref()).finish()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::io::{self, Read, Write};

    use super::*;
    use crate::state::SslState;
    use crate::testing::client;

    #[derive(Debug)]
    struct Inner(u64, Box<u8>);

    impl Read for Inner {
        fn read(&mut self, _buf: &mut [u8]) -> io::Result<usize> {
            self.0 += 1;
            Err(io::ErrorKind::WouldBlock.into())
        }
    }

    impl Write for Inner {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            *self.1 = buf[0];
            Ok(buf.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_inner_stream_is_the_one_that_openssl_uses() {
        let context = client().build().unwrap();
        let mut ssl = context.new_ssl(SslState::new(None)).unwrap();
        ssl.set_connect_state();
        let mut tls = Tls::new(ssl, Inner(0, Box::new(0))).unwrap();
        for rounds in 1..4 {
            tls.get_mut().0 += 1;
            assert!(tls.do_handshake().is_err());
            // A handshake record.
            assert_eq!((tls.get_ref().0, *tls.get_ref().1), (2 * rounds, 22));
        }
        let mut moved = Box::new(tls);
        moved.get_mut().0 = 77;
        assert_eq!(moved.tls.get_ref().0, 77);
    }
}
