//! TLS of fend, of futures-rustls and of async-native-tls: each as client and server of each, over sockets of fend.

mod libraries;
mod matrix;
mod nested;
