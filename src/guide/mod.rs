//! Longer texts: where to begin, how to do what, how it works, what works with it.
//!
//! | page | for whoever |
//! |---|---|
//! | [the tour](crate#a-tour) | is new here: from sync code to a TLS server, in steps |
//! | [`coming_from`] | knows tokio, smol or std, and looks for a name |
//! | [`cookbook`] | has something to do, and looks for how it is done well |
//! | [`ecosystem`] | wants to use a library: what works with which feature, and what does not |
//! | [`tokio_context`] | needs a library that works in a tokio runtime only |
//! | [`how_it_works`] | wants to know what happens between a packet and the next line of a task, and what it costs |
//! | [`comparison`] | has to choose: what fend, tokio and smol have and promise, side by side |
//!
//! Every example runs as a test.

// A link to what a feature adds is `[text][path]`. Without the feature, a file in `absent/` defines the path: it leads to the table of features.

#[doc = include_str!("coming_from.md")]
#[cfg_attr(not(feature = "hyper"), doc = "", doc = include_str!("absent/hyper.md"))]
#[cfg_attr(not(all(feature = "hyper", feature = "dns")), doc = "", doc = include_str!("absent/hyper_dns.md"))]
#[cfg_attr(not(feature = "tokio-io"), doc = "", doc = include_str!("absent/tokio_io.md"))]
pub mod coming_from {}

#[doc = include_str!("comparison.md")]
pub mod comparison {}

#[doc = include_str!("cookbook/introduction.md")]
#[doc = include_str!("cookbook/timeouts.md")]
#[doc = include_str!("cookbook/retries.md")]
#[doc = include_str!("cookbook/cancellation.md")]
#[doc = include_str!("cookbook/shutdown.md")]
#[doc = include_str!("cookbook/limits.md")]
#[doc = include_str!("cookbook/back_pressure.md")]
#[doc = include_str!("cookbook/sharing.md")]
#[doc = include_str!("cookbook/blocking.md")]
#[doc = include_str!("cookbook/protocol.md")]
#[doc = include_str!("cookbook/descriptors.md")]
#[doc = include_str!("cookbook/tls.md")]
#[doc = include_str!("cookbook/names.md")]
#[doc = include_str!("cookbook/system.md")]
#[doc = include_str!("cookbook/libraries.md")]
// Run by the package `interop`, which has the libraries that these need.
#[cfg_attr(not(doctest), doc = include_str!("cookbook/axum.md"))]
#[cfg_attr(not(doctest), doc = include_str!("cookbook/databases.md"))]
#[doc = include_str!("cookbook/testing.md")]
#[doc = include_str!("cookbook/metrics.md")]
#[cfg_attr(not(feature = "hyper"), doc = "", doc = include_str!("absent/hyper.md"))]
#[cfg_attr(not(all(feature = "hyper", feature = "dns")), doc = "", doc = include_str!("absent/hyper_dns.md"))]
#[cfg_attr(not(feature = "tokio-io"), doc = "", doc = include_str!("absent/tokio_io.md"))]
pub mod cookbook {}

#[doc = include_str!("ecosystem.md")]
#[doc = include_str!("ecosystem_table.md")]
#[doc = include_str!("ecosystem_traits.md")]
#[doc = include_str!("ecosystem_limits.md")]
#[cfg_attr(not(feature = "hyper"), doc = "", doc = include_str!("absent/hyper.md"))]
#[cfg_attr(not(all(feature = "hyper", feature = "dns")), doc = "", doc = include_str!("absent/hyper_dns.md"))]
#[cfg_attr(not(feature = "tokio-io"), doc = "", doc = include_str!("absent/tokio_io.md"))]
pub mod ecosystem {}

#[doc = include_str!("how_it_works/wake_up.md")]
#[doc = include_str!("wake_up.svg")]
#[doc = ""]
#[doc = include_str!("how_it_works/steps.md")]
#[doc = include_str!("how_it_works/workers.md")]
#[doc = include_str!("how_it_works/costs.md")]
pub mod how_it_works {}

#[doc = include_str!("tokio_context.md")]
#[cfg_attr(not(feature = "hyper"), doc = "", doc = include_str!("absent/hyper.md"))]
#[cfg_attr(not(all(feature = "hyper", feature = "dns")), doc = "", doc = include_str!("absent/hyper_dns.md"))]
#[cfg_attr(not(feature = "tokio-io"), doc = "", doc = include_str!("absent/tokio_io.md"))]
pub mod tokio_context {}
