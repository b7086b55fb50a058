//! nginx, which writes down what it was asked.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::certificates::self_signed;
use crate::free_port::free_ports;
use crate::program::{Program, is_installed};
use crate::scratch::Scratch;

pub(crate) struct Nginx {
    pub(crate) http1: SocketAddr,
    pub(crate) http2: SocketAddr,
    /// Both, as ALPN says.
    pub(crate) tls: SocketAddr,
    /// What vouches for it.
    pub(crate) certificate: String,
    /// Before the directory, which it uses.
    program: Program,
    directory: Scratch,
}

impl Nginx {
    /// `None` when it is not installed.
    pub(crate) fn start() -> Option<Nginx> {
        if !is_installed("nginx") {
            eprintln!("skipped: nginx is not installed");
            return None;
        }
        // It cannot be told to let the kernel choose the ports, and another program may be quicker.
        Some((0..20).find_map(|_| Nginx::start_at(free_ports())).expect("nginx finds ports"))
    }

    /// `None` when it has ended at once.
    fn start_at([http1, http2, tls]: [SocketAddr; 3]) -> Option<Nginx> {
        let directory = Scratch::new();
        let certificate =
            self_signed(&directory, "server", &["127.0.0.1", &tls.ip().to_string()]).certificate;
        let configuration = directory.write("nginx.conf", configuration(http1, http2, tls));
        let mut command = Command::new("nginx");
        command.args(["-e", "stderr", "-c", &configuration, "-p"]).arg(directory.as_ref());
        let mut nginx =
            Nginx { http1, http2, tls, certificate, program: Program::of(&mut command), directory };
        nginx.is_up().then_some(nginx)
    }

    /// Waits until it accepts. `false` when it has ended.
    fn is_up(&mut self) -> bool {
        while !self.program.has_ended() {
            if TcpStream::connect(self.http1).is_ok() {
                return !self.program.has_ended();
            }
            thread::sleep(Duration::from_millis(2));
        }
        false
    }

    /// Ends it, and gives a line for each request: the method, the path, the protocol, the status, and the length of the request's body.
    pub(crate) fn into_log(mut self) -> Vec<String> {
        self.program.signal(libc::SIGQUIT);
        let (status, said) = self.program.finish();
        assert!(status.success(), "{status}: {said}");
        let log = fs::read_to_string(self.directory.path("log")).expect("a log");
        log.lines().map(str::to_owned).collect()
    }
}

/// Without TLS a connection ends every now and then, as nginx would have it after more requests.
fn configuration(http1: SocketAddr, http2: SocketAddr, tls: SocketAddr) -> String {
    format!(
        "daemon off;
        master_process off;
        pid nginx.pid;
        error_log stderr crit;
        events {{ worker_connections 256; }}
        http {{
            log_format short '$request_method $uri $server_protocol $status $request_length';
            access_log log short;
            client_body_temp_path body;
            proxy_temp_path proxy;
            fastcgi_temp_path fastcgi;
            uwsgi_temp_path uwsgi;
            scgi_temp_path scgi;
            default_type text/plain;
            keepalive_requests 10000;
            ssl_certificate server.pem;
            ssl_certificate_key server.key;
            server {{
                listen {http1};
                keepalive_requests 100;
                location = /small {{ return 200 \"a small page\\n\"; }}
            }}
            server {{
                listen {http2} http2;
                keepalive_requests 100;
                location = /small {{ return 200 \"a small page\\n\"; }}
            }}
            server {{
                listen {tls} ssl http2;
                location = /small {{ return 200 \"a small page\\n\"; }}
            }}
        }}
        "
    )
}
