//! The options that each type has.

use super::{TcpListener, TcpSocket, TcpStream};
use crate::option::{
    common_options, connection_options, ip_options, network_options, tcp_connect_options,
    tcp_connection_options, tcp_listen_options, tcp_options,
};

tcp_options!(TcpSocket);
tcp_connection_options!(TcpSocket);
tcp_connect_options!(TcpSocket);
tcp_listen_options!(TcpSocket);
ip_options!(TcpSocket);
connection_options!(TcpSocket);
network_options!(TcpSocket);
common_options!(TcpSocket);

tcp_options!(TcpStream);
tcp_connection_options!(TcpStream);
ip_options!(TcpStream);
connection_options!(TcpStream);
network_options!(TcpStream);
common_options!(TcpStream);

tcp_options!(TcpListener);
tcp_listen_options!(TcpListener);
ip_options!(TcpListener);
connection_options!(TcpListener);
network_options!(TcpListener);
common_options!(TcpListener);
