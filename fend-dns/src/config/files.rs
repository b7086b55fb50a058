//! [`Files`]: the system's files, read again when they change.
//!
//! At most once a second, [`Files::current`] looks at each file's time, size and inode, and reads what has changed: a file that was
//! replaced by rename, one that was written in place, one that came or went. One that is just being written may be read half; the
//! next look sees that it has changed, and reads it again. Nothing watches the files between lookups, and no thread does it.
//!
//! The reading is synchronous: these are small local files, which the kernel has in memory. Whoever comes while
//! another one reads gets the snapshot from before.
//!
//! A file that is not there is as the C library has it without that file. One that is there but cannot be read (no
//! permission, a directory or a FIFO in its place) leaves what was read before in force; one larger than 16 MiB counts as empty. Both
//! are remembered as problems. `options no-reload` in resolv.conf(5) keeps that file as it was read first.

#[cfg(test)]
pub(super) mod tests;

use std::io;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::environment::Environment;
use super::watched::{News, Watched};
use super::{Hosts, HostsOrder, Policy, ResolvConf, Services};
use crate::sync::Mutex;

/// How long a look at the files is good for.
const INTERVAL: Duration = Duration::from_secs(1);

/// Where the files are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Paths {
    pub(crate) resolv_conf: PathBuf,
    pub(crate) hosts: PathBuf,
    pub(crate) nsswitch: PathBuf,
    pub(crate) services: PathBuf,
    pub(crate) gai_conf: PathBuf,
}

/// A snapshot of all files.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) resolv_conf: Loaded<ResolvConf>,
    pub(crate) hosts: Loaded<Hosts>,
    pub(crate) order: Loaded<HostsOrder>,
    pub(crate) services: Loaded<Services>,
    pub(crate) policy: Loaded<Policy>,
    /// Another number when resolv.conf or the order of sources says something else than before: answers from then are no answers now.
    pub(crate) generation: u64,
}

/// What a file says. Snapshots share what has not changed between them.
#[derive(Debug)]
pub(crate) struct Loaded<T> {
    value: Arc<T>,
    /// When it was read, by the clock of the runtime.
    pub(crate) read: Instant,
    /// Why what the file says now is not what is in force.
    pub(crate) problem: Option<Arc<io::Error>>,
}

/// The system's files.
#[derive(Debug)]
pub(crate) struct Files {
    paths: Paths,
    environment: Environment,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    config: Arc<Config>,
    looked: Instant,
    /// Away while somebody looks at the files, without the lock.
    watch: Option<Box<Watch>>,
}

#[derive(Debug)]
struct Watch {
    resolv_conf: Watched,
    hosts: Watched,
    nsswitch: Watched,
    services: Watched,
    gai_conf: Watched,
}

impl Files {
    /// Reads all files.
    pub(crate) fn new(paths: Paths, environment: Environment) -> Files {
        Files::new_at(paths, environment, fend_reactor::time::now())
    }

    fn new_at(paths: Paths, environment: Environment, now: Instant) -> Files {
        let mut watch = Box::new(Watch::new(paths.clone()));
        let mut config = Config::without_files(&environment, now);
        watch.look(&mut config, &environment, now);
        config.generation = 0;
        let state = State { config: Arc::new(config), looked: now, watch: Some(watch) };
        Files { paths, environment, state: Mutex::new(state) }
    }

    /// The same files, read again: for the child of a fork, where the lock may be held for ever.
    pub(crate) fn anew(&self) -> Files {
        Files::new(self.paths.clone(), self.environment.clone())
    }

    /// What the files say: as of now, or of at most a second ago.
    pub(crate) fn current(&self) -> Arc<Config> {
        self.current_at(fend_reactor::time::now())
    }

    fn current_at(&self, now: Instant) -> Arc<Config> {
        let mut state = self.state.lock();
        let Some(mut watch) = state.take_watch(now) else { return state.config.clone() };
        let mut config = Config::clone(&state.config);
        drop(state);
        let has_news = watch.look(&mut config, &self.environment, now);
        let mut state = self.state.lock();
        state.watch = Some(watch);
        if has_news {
            state.config = Arc::new(config);
        }
        state.config.clone()
    }
}

impl State {
    /// The files to look at, when it is time and nobody else does.
    fn take_watch(&mut self, now: Instant) -> Option<Box<Watch>> {
        // Runtimes whose clocks were stopped or advanced may share this: one that is behind must not wait until it has caught up.
        let is_fresh = now >= self.looked && now - self.looked < INTERVAL;
        if is_fresh {
            return None;
        }
        let watch = self.watch.take()?;
        self.looked = now;
        Some(watch)
    }
}

impl Config {
    fn without_files(environment: &Environment, now: Instant) -> Config {
        Config {
            resolv_conf: Loaded::new(ResolvConf::parse(b"", environment), now),
            hosts: Loaded::new(Hosts::default(), now),
            order: Loaded::new(HostsOrder::parse(b""), now),
            services: Loaded::new(Services::parse(None), now),
            policy: Loaded::new(Policy::parse(b""), now),
            generation: 0,
        }
    }

    /// What the files ask for that only the C library does.
    pub(crate) fn beyond_us(&self) -> Option<&str> {
        match &*self.order {
            HostsOrder::BeyondUs(word) => Some(word),
            _ => self.resolv_conf.beyond_us.as_deref(),
        }
    }

    /// What is wrong with files, as far as it is known.
    pub(crate) fn problems(&self) -> impl Iterator<Item = &io::Error> {
        let Config { resolv_conf, hosts, order, services, policy, generation: _ } = self;
        [&resolv_conf.problem, &hosts.problem, &order.problem, &services.problem, &policy.problem]
            .into_iter()
            .flatten()
            .map(|problem| &**problem)
    }
}

impl Watch {
    fn new(paths: Paths) -> Watch {
        Watch {
            resolv_conf: Watched::new(paths.resolv_conf),
            hosts: Watched::new(paths.hosts),
            nsswitch: Watched::new(paths.nsswitch),
            services: Watched::new(paths.services),
            gai_conf: Watched::new(paths.gai_conf),
        }
    }

    /// Takes what is new into `config`, and says whether there was anything.
    fn look(&mut self, config: &mut Config, environment: &Environment, now: Instant) -> bool {
        // Files are dated by the clock on the wall, whatever the runtime's shows.
        let wall = SystemTime::now();
        let old = (config.resolv_conf.value.clone(), config.order.value.clone());
        let resolv_conf = |bytes: Option<&[u8]>| ResolvConf::parse(bytes.unwrap_or_default(), environment);
        let mut has_news = false;
        let is_final = config.resolv_conf.no_reload && self.resolv_conf.was_read();
        if !is_final {
            has_news |= config.resolv_conf.take(self.resolv_conf.look(wall), now, resolv_conf);
        }
        has_news |=
            config.hosts.take(self.hosts.look(wall), now, |bytes| Hosts::parse(bytes.unwrap_or_default()));
        has_news |= config
            .order
            .take(self.nsswitch.look(wall), now, |bytes| HostsOrder::parse(bytes.unwrap_or_default()));
        has_news |= config.services.take(self.services.look(wall), now, Services::parse);
        has_news |= config
            .policy
            .take(self.gai_conf.look(wall), now, |bytes| Policy::parse(bytes.unwrap_or_default()));
        if old != (config.resolv_conf.value.clone(), config.order.value.clone()) {
            config.generation += 1;
        }
        has_news
    }
}

impl<T> Loaded<T> {
    fn new(value: T, read: Instant) -> Loaded<T> {
        Loaded { value: Arc::new(value), read, problem: None }
    }

    /// Takes news of the file, and says whether there was any.
    fn take(&mut self, news: News, now: Instant, parse: impl FnOnce(Option<&[u8]>) -> T) -> bool {
        match news {
            News::None => return false,
            News::Missing => *self = Loaded::new(parse(None), now),
            News::Content(content) => *self = Loaded::new(parse(Some(&content)), now),
            News::TooLarge(error) => {
                *self = Loaded::new(parse(Some(b"")), now);
                self.problem = Some(Arc::new(error));
            }
            News::Failed(error) => self.problem = Some(Arc::new(error)),
        }
        true
    }
}

impl<T> Clone for Loaded<T> {
    fn clone(&self) -> Loaded<T> {
        Loaded { value: self.value.clone(), read: self.read, problem: self.problem.clone() }
    }
}

impl<T> Deref for Loaded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl Default for Paths {
    fn default() -> Paths {
        Paths {
            resolv_conf: "/etc/resolv.conf".into(),
            hosts: "/etc/hosts".into(),
            nsswitch: "/etc/nsswitch.conf".into(),
            services: "/etc/services".into(),
            gai_conf: "/etc/gai.conf".into(),
        }
    }
}
