//! Longer texts: where to begin, how to do what, how it works, what works with it.
