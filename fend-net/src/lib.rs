//! TCP sockets for fend. They take addresses, never host names: those are the facade's business.
