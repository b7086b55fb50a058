//! What the page tells of its connection.

use fend::tls::TlsInfo;

/// In lines, with an empty one behind them.
pub(crate) fn describe(info: &TlsInfo) -> String {
    let session = if info.resumed { "resumed" } else { "new" };
    let alpn = info.alpn.as_deref().map_or("none".into(), String::from_utf8_lossy);
    let name = info.server_name.as_deref().unwrap_or("none");
    let client = info.peer.as_deref().unwrap_or("without a certificate");
    format!(
        "\
protocol           {}
cipher             {}
session            {session}
ALPN               {alpn}
server name        {name}
client             {client}

",
        info.protocol, info.cipher
    )
}
