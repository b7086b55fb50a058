//! The system-call layer: each call once, safe to use, EINTR and errno handled as its doc says.
