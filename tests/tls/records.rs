//! Records made by hand, with the keys of a session that OpenSSL has set up: what no TLS library would send.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use fend::net::TcpStream;
use fend::tls::{TlsAcceptor, TlsStream};
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use openssl::ssl::{SslContextBuilder, SslVersion};
use openssl::symm::{Cipher, encrypt_aead};

use crate::blocking::{Blocking, accepted_by, client_context, only};

/// The types of a record's content.
pub(crate) const ALERT: u8 = 21;
pub(crate) const HANDSHAKE: u8 = 22;
pub(crate) const DATA: u8 = 23;

const HEADER: [u8; 3] = [DATA, 3, 3];
const TAG: usize = 16;

/// A client of our server, whose records are made by hand from now on. It must not write in another way.
#[derive(Debug)]
pub(crate) struct Forger {
    peer: Blocking,
    key: Vec<u8>,
    iv: Vec<u8>,
    /// Of TLS 1.3.
    secret: Option<Vec<u8>>,
    sequence: u64,
}

impl Forger {
    /// Connects to our server.
    pub(crate) async fn connect(
        acceptor: &TlsAcceptor,
        version: SslVersion,
    ) -> io::Result<(TlsStream<TcpStream>, Forger)> {
        let keys = Arc::new(Mutex::new(String::new()));
        let log = keys.clone();
        let context = client_context(|context: &mut SslContextBuilder| {
            only(version)(context);
            context.set_ciphersuites("TLS_AES_128_GCM_SHA256").expect("a cipher");
            context.set_cipher_list("ECDHE-ECDSA-AES128-GCM-SHA256").expect("a cipher");
            context.set_keylog_callback(move |_, line| {
                let mut log = log.lock().unwrap();
                log.push_str(line);
                log.push('\n');
            });
        });
        let (stream, peer) = accepted_by(acceptor, context).await?;
        let keys = keys.lock().unwrap();
        let secret = |label: &str| {
            let line = keys.lines().find_map(|line| line.strip_prefix(label)).expect("a secret");
            hex(line.rsplit(' ').next().expect("the last word"))
        };
        let forger = if version == SslVersion::TLS1_3 {
            let secret = secret("CLIENT_TRAFFIC_SECRET_0 ");
            let (key, iv) = traffic_keys(&secret);
            Forger { peer, key, iv, secret: Some(secret), sequence: 0 }
        } else {
            let (key, iv) = key_block(&peer, &secret("CLIENT_RANDOM "));
            // The Finished message was the first.
            Forger { peer, key, iv, secret: None, sequence: 1 }
        };
        Ok((stream, forger))
    }

    /// Writes a record.
    pub(crate) fn send(&mut self, kind: u8, content: &[u8]) -> io::Result<()> {
        let record = self.record(kind, content);
        self.peer.get_ref().write_all(&record)
    }

    pub(crate) fn record(&mut self, kind: u8, content: &[u8]) -> Vec<u8> {
        let record = match self.secret {
            Some(_) => self.record_of_1_3(kind, content),
            None => self.record_of_1_2(kind, content),
        };
        self.sequence += 1;
        record
    }

    /// The content's type is encrypted with it; RFC 8446, 5.2.
    fn record_of_1_3(&self, kind: u8, content: &[u8]) -> Vec<u8> {
        let plain = [content, &[kind]].concat();
        let header = [&HEADER[..], &length(plain.len() + TAG)].concat();
        let mut nonce = self.iv.clone();
        for (byte, number) in nonce[4..].iter_mut().zip(self.sequence.to_be_bytes()) {
            *byte ^= number;
        }
        [&header[..], &self.seal(&nonce, &header, &plain)].concat()
    }

    /// Half of the nonce is in the record; RFC 5288, 3.
    fn record_of_1_2(&self, kind: u8, content: &[u8]) -> Vec<u8> {
        let explicit = self.sequence.to_be_bytes();
        let nonce = [&self.iv[..], &explicit].concat();
        let associated = [&explicit[..], &[kind, 3, 3], &length(content.len())].concat();
        let sealed = self.seal(&nonce, &associated, content);
        [&[kind, 3, 3][..], &length(explicit.len() + sealed.len()), &explicit, &sealed].concat()
    }

    fn seal(&self, nonce: &[u8], associated: &[u8], plain: &[u8]) -> Vec<u8> {
        let mut tag = [0; TAG];
        let cipher = Cipher::aes_128_gcm();
        let mut sealed =
            encrypt_aead(cipher, &self.key, Some(nonce), associated, plain, &mut tag).expect("a record");
        sealed.extend_from_slice(&tag);
        sealed
    }

    /// Sends a KeyUpdate (TLS 1.3), and uses the new keys from then on.
    pub(crate) fn update_keys(&mut self, requested: bool) -> io::Result<()> {
        self.send(HANDSHAKE, &[24, 0, 0, 1, u8::from(requested)])?;
        let secret = expand(self.secret.as_deref().expect("a session of TLS 1.3"), "traffic upd", 32);
        (self.key, self.iv) = traffic_keys(&secret);
        (self.secret, self.sequence) = (Some(secret), 0);
        Ok(())
    }

    /// The session, for what is to be read.
    pub(crate) fn peer(&mut self) -> &mut Blocking {
        &mut self.peer
    }
}

fn length(len: usize) -> [u8; 2] {
    u16::try_from(len).expect("the length of a record").to_be_bytes()
}

fn hex(text: &str) -> Vec<u8> {
    let pairs = (0..text.len()).step_by(2).map(|at| &text[at..at + 2]);
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("two digits")).collect()
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let key = PKey::hmac(key).expect("a key");
    let mut signer = Signer::new(MessageDigest::sha256(), &*key).expect("a hash");
    parts.iter().for_each(|part| signer.update(part).expect("a hash"));
    signer.sign_to_vec().expect("a hash")
}

/// HKDF-Expand-Label with an empty context, for no more than one block; RFC 8446, 7.1.
fn expand(secret: &[u8], label: &str, len: usize) -> Vec<u8> {
    let label = format!("tls13 {label}");
    let label_len = [u8::try_from(label.len()).expect("a short label")];
    let mut block = hmac(secret, &[&length(len), &label_len, label.as_bytes(), &[0], &[1]]);
    block.truncate(len);
    block
}

fn traffic_keys(secret: &[u8]) -> (Vec<u8>, Vec<u8>) {
    (expand(secret, "key", 16), expand(secret, "iv", 12))
}

/// The client's key and the constant part of its nonce; RFC 5246, 5 and 6.3.
fn key_block(peer: &Blocking, master: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (mut client, mut server) = ([0; 32], [0; 32]);
    peer.ssl().client_random(&mut client);
    peer.ssl().server_random(&mut server);
    let seed: [&[u8]; 3] = [b"key expansion", &server, &client];
    let (mut a, mut block) = (hmac(master, &seed), Vec::new());
    while block.len() < 40 {
        block.extend(hmac(master, &[&a, seed[0], seed[1], seed[2]]));
        a = hmac(master, &[&a]);
    }
    (block[..16].to_vec(), block[32..36].to_vec())
}
