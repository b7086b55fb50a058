//! What the system's files say: resolv.conf(5), hosts(5), nsswitch.conf(5), services(5), gai.conf(5).
//!
//! Each file has a module with a parser: from bytes to a value, without any access to the system, and without errors, for what makes
//! no sense is skipped. [`Files`] reads them, and again when they change; what it hands out is a [`Config`], a snapshot.

mod address;
mod environment;
mod files;
mod gai_conf;
mod hosts;
mod line;
mod nsswitch;
mod resolv_conf;
mod services;
mod watched;

pub(crate) use self::{
    environment::Environment,
    files::{Config, Files, Paths},
    gai_conf::Policy,
    hosts::{Hosts, HostsEntry},
    nsswitch::HostsOrder,
    resolv_conf::ResolvConf,
    services::Services,
};
