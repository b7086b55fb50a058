//! nginx as a server of pages, where it is installed.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::free_port::free_port;
use crate::program::{Program, is_installed};
use crate::scratch::Scratch;

pub(crate) struct Nginx {
    pub(crate) address: SocketAddr,
    /// Before the directory, which it uses.
    program: Program,
    _directory: Scratch,
}

impl Nginx {
    /// Starts it with these pages, by their names and contents. `None` when it is not installed.
    pub(crate) fn start(pages: &[(&str, &[u8])]) -> Option<Nginx> {
        if !is_installed("nginx") {
            eprintln!("skipped: nginx is not installed");
            return None;
        }
        // It cannot be told to let the kernel choose the port, and another program may be quicker.
        let started = (0..20).find_map(|_| Nginx::start_at(free_port(), pages));
        Some(started.expect("nginx finds a port"))
    }

    /// `None` when it has ended at once.
    fn start_at(address: SocketAddr, pages: &[(&str, &[u8])]) -> Option<Nginx> {
        let directory = Scratch::new();
        fs::create_dir(directory.path("pages")).expect("a directory");
        for (name, content) in pages {
            directory.write(&format!("pages/{name}"), content);
        }
        let configuration = directory.write("nginx.conf", configuration(address));
        let mut command = Command::new("nginx");
        command.args(["-e", "stderr", "-c", &configuration, "-p"]).arg(directory.as_ref());
        let mut nginx = Nginx { address, program: Program::of(&mut command), _directory: directory };
        nginx.is_up().then_some(nginx)
    }

    /// Waits until it accepts. `false` when it has ended.
    fn is_up(&mut self) -> bool {
        while !self.program.has_ended() {
            if TcpStream::connect(self.address).is_ok() {
                return !self.program.has_ended();
            }
            thread::sleep(Duration::from_millis(2));
        }
        false
    }
}

/// `/echo` answers with the fields of the request that a proxy adds, or has to leave out.
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
            client_max_body_size 64m;
            proxy_temp_path proxy;
            fastcgi_temp_path fastcgi;
            uwsgi_temp_path uwsgi;
            scgi_temp_path scgi;
            default_type text/plain;
            server {{
                listen {address};
                root pages;
                location = /fields {{
                    return 200 \"$http_host|$http_x_forwarded_for|$http_x_forwarded_proto|$http_x_forwarded_host|$server_protocol\";
                }}
            }}
        }}
        "
    )
}
