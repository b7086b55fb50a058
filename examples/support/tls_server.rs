//! What the TLS servers here share: the certificate and who may come, and how they serve.

use std::error::Error;
use std::fs;
use std::future::Future;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fend::net::TcpStream;
use fend::tls::{Context, Identity, Mode, TlsAcceptor, TlsError, TlsStream, Verify};

use crate::arguments::{Arguments, Stop, complain};
use crate::complaints::Complaints;
use crate::server;

/// How often files are looked at.
const WATCH_EVERY: Duration = Duration::from_secs(1);

/// Whom a certificate is for that nobody has given.
const LOCAL_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The options that [`Options::read`] knows, besides those of [`server::help`].
pub(crate) const HELP: &str = "  --cert FILE          the certificate, with its chain, and
  --key FILE           its key (default: in the same file); without both one for localhost, 127.0.0.1 and ::1 is made
  --write-cert FILE    writes the certificate that was made, for clients to trust
  --watch              looks at the files once a second, and takes what has changed
  --client-ca FILE     lets only clients in that have a certificate of these authorities
  --max-handshakes N   how many handshakes may run at once (default 1024)
  --handshake-timeout SECS   how long one may take (default 10)
  --alpn LIST          application protocols, the best first, with commas between them
";

/// Where a TLS server listens, and what it shows and asks for.
pub(crate) struct Options {
    pub(crate) server: server::Options,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    write_certificate: Option<PathBuf>,
    watch: bool,
    client_ca: Option<PathBuf>,
    max_handshakes: Option<usize>,
    handshake_timeout: Option<Duration>,
    alpn: Vec<String>,
}

impl Options {
    /// With the application protocols of a server that has none of its own to say.
    pub(crate) fn new(port: u16, alpn: &[&str]) -> Options {
        Options {
            server: server::Options::new(port),
            certificate: None,
            key: None,
            write_certificate: None,
            watch: false,
            client_ca: None,
            max_handshakes: None,
            handshake_timeout: None,
            alpn: alpn.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    /// Takes the value of the option `name`.
    pub(crate) fn read(&mut self, name: &str, arguments: &mut Arguments) -> Result<(), Stop> {
        match name {
            "--cert" => self.certificate = Some(arguments.value()?),
            "--key" => self.key = Some(arguments.value()?),
            "--write-cert" => self.write_certificate = Some(arguments.value()?),
            "--watch" => self.watch = true,
            "--client-ca" => self.client_ca = Some(arguments.value()?),
            "--max-handshakes" => self.max_handshakes = Some(arguments.number(1..)?),
            "--handshake-timeout" => self.handshake_timeout = Some(arguments.value()?),
            "--alpn" => {
                let list: String = arguments.value()?;
                self.alpn = list.split(',').map(|name| name.trim().to_owned()).collect();
            }
            _ => self.server.read(name, arguments)?,
        }
        Ok(())
    }

    /// What cannot be together.
    pub(crate) fn check(&self) -> Result<(), Stop> {
        match &self.certificate {
            None if self.key.is_some() => Err(Stop::mistake("--key needs --cert")),
            None if self.watch => Err(Stop::mistake("--watch needs --cert")),
            Some(_) if self.write_certificate.is_some() => {
                Err(Stop::mistake("--write-cert is for the certificate that is made without --cert"))
            }
            _ => Ok(()),
        }
    }

    /// Listens, prints the address on a line of its own, and gives each connection to a task that shakes hands and runs `answer`.
    pub(crate) fn serve<F>(self, answer: fn(TlsStream<TcpStream>) -> F) -> Result<(), Box<dyn Error>>
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let acceptor = self.acceptor()?;
        self.server.runtime.build()?.block_on(async {
            self.watch_files(&acceptor);
            let listening = server::listen(self.server.addr).await?;
            Ok(serve_all(listening, acceptor, answer).await?)
        })
    }

    /// Has a task look at the files, where that is wanted.
    pub(crate) fn watch_files(&self, acceptor: &TlsAcceptor) {
        if let Some((certificate, key)) = self.files().filter(|_| self.watch) {
            fend::spawn(watch(acceptor.clone(), certificate, key));
        }
    }

    /// The files of the certificate and its key.
    fn files(&self) -> Option<(PathBuf, PathBuf)> {
        let certificate = self.certificate.clone()?;
        let key = self.key.clone().unwrap_or_else(|| certificate.clone());
        Some((certificate, key))
    }

    pub(crate) fn acceptor(&self) -> Result<TlsAcceptor, Box<dyn Error>> {
        let identity = match self.files() {
            Some((certificate, key)) => Identity::from_files(certificate, key)?,
            None => self.make_identity()?,
        };
        let mut builder = Context::builder(Mode::Server).identity(identity);
        if !self.alpn.is_empty() {
            builder = builder.alpn(&self.alpn);
        }
        if let Some(authorities) = &self.client_ca {
            builder = builder.cafile(authorities).verify(Verify::PEER | Verify::FAIL_IF_NO_PEER_CERT);
        }
        if let Some(limit) = self.handshake_timeout {
            builder = builder.handshake_timeout(Some(limit));
        }
        let acceptor = TlsAcceptor::with_context(builder.build()?)?;
        Ok(match self.max_handshakes {
            Some(limit) => acceptor.max_handshakes(limit),
            None => acceptor,
        })
    }

    fn make_identity(&self) -> Result<Identity, Box<dyn Error>> {
        let identity = Identity::self_signed(LOCAL_NAMES)?;
        if let Some(path) = &self.write_certificate {
            let write = fs::write(path, identity.certificate().to_pem());
            write.map_err(|error| format!("write {}: {error}", path.display()))?;
        }
        Ok(identity)
    }
}

/// Takes new certificates as they come, and says so.
async fn watch(acceptor: TlsAcceptor, certificate: PathBuf, key: PathBuf) {
    let name = certificate.display().to_string();
    let report = |result: Result<(), TlsError>| match result {
        // A closed standard output is no reason to stop.
        Ok(()) => drop(writeln!(io::stdout(), "new certificate from {name}")),
        Err(error) => complain(format!("the old certificate stays: {error}")),
    };
    acceptor.watch(certificate, key, WATCH_EVERY, report).await;
}

async fn serve_all<F>(
    listening: server::Listening,
    acceptor: TlsAcceptor,
    answer: fn(TlsStream<TcpStream>) -> F,
) -> io::Result<()>
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let complaints = Arc::new(Complaints::new());
    let serve_one = move |stream: TcpStream, peer: SocketAddr| {
        let (acceptor, complaints) = (acceptor.clone(), complaints.clone());
        async move {
            let answered = async {
                stream.set_nodelay(true)?;
                answer(acceptor.handshake(stream).await?).await
            };
            match answered.await {
                Err(error) if !is_everyday(&error) => complaints.tell(format!("{peer}: {error}")),
                _ => {}
            }
        }
    };
    server::until_told(listening, serve_one).await
}

/// Whether a peer has just gone, before the handshake or behind it: not worth a line. Many never say goodbye.
fn is_everyday(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), ConnectionReset | BrokenPipe | UnexpectedEof)
}
