//! nginx as a peer, where it is installed.

use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use crate::command::{Program, is_installed};
use crate::free_port::free_port;
use crate::pki::pki;
use crate::place::Place;

#[derive(Debug)]
pub(crate) struct Nginx {
    pub(crate) address: SocketAddr,
    _program: Program,
    _place: Place,
}

/// How many bytes the page "/large" has.
pub(crate) const LARGE: usize = 3_000_001;

impl Nginx {
    /// Starts it with one process. `None` when it is not installed.
    pub(crate) async fn start() -> Option<Nginx> {
        if !is_installed("nginx") {
            eprintln!("skipped: nginx is not installed");
            return None;
        }
        // It cannot be told to let the kernel choose the port, and another program may be quicker.
        for _ in 0..20 {
            if let Some(nginx) = Nginx::start_on(free_port()).await {
                return Some(nginx);
            }
        }
        panic!("nginx finds no port");
    }

    async fn start_on(address: SocketAddr) -> Option<Nginx> {
        let place = Place::new();
        pki().localhost.files(&place, "server");
        place.write("root.pem", pki().root_pem());
        std::fs::create_dir(place.path().join("pages")).expect("a directory");
        std::fs::write(place.path().join("pages/large"), crate::peer::noise(LARGE)).expect("a page");
        std::fs::write(place.path().join("pages/small"), "a small page\n").expect("a page");
        let configuration = place.write("nginx.conf", configuration(address));
        let mut command = Command::new("nginx");
        command.args(["-e", "stderr", "-c", &configuration, "-p"]).arg(place.path());
        let program = Program::start(&mut command);
        let nginx = Nginx { address, _program: program, _place: place };
        nginx.is_up().await.then_some(nginx)
    }

    /// Waits until it accepts. `false` when it has ended.
    async fn is_up(&self) -> bool {
        loop {
            if self._program.has_ended() {
                return false;
            }
            if TcpStream::connect(self.address).is_ok() {
                return !self._program.has_ended();
            }
            fend::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

fn configuration(address: SocketAddr) -> String {
    format!(
        "daemon off;
        master_process off;
        pid nginx.pid;
        error_log stderr warn;
        events {{ worker_connections 64; }}
        http {{
            access_log off;
            client_body_temp_path body;
            proxy_temp_path proxy;
            fastcgi_temp_path fastcgi;
            uwsgi_temp_path uwsgi;
            scgi_temp_path scgi;
            default_type text/plain;
            server {{
                listen {address} ssl;
                root pages;
                ssl_certificate server.pem;
                ssl_certificate_key server.key;
                ssl_protocols TLSv1.2 TLSv1.3;
                ssl_session_cache shared:sessions:1m;
                ssl_client_certificate root.pem;
                ssl_verify_client optional;
                ssl_verify_depth 3;
                location = /facts {{
                    return 200 \"$ssl_protocol $ssl_session_reused $ssl_client_verify $ssl_client_s_dn $ssl_server_name\";
                }}
            }}
        }}
        "
    )
}
