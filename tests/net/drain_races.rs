//! Drains that meet an accept on its way.
