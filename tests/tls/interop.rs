//! Peers that are not fend: OpenSSL's programs, nginx and rustls.

mod nginx;
mod openssl_client;
mod openssl_server;
mod rustls;
