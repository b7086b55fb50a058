//! The stream speaks futures-io, by value and by reference: every operation works through a shared reference.

use super::TcpStream;
use crate::stream::{async_read, async_write};

async_read!([] TcpStream);
async_read!([] & TcpStream);
async_write!([] TcpStream);
async_write!([] & TcpStream);
