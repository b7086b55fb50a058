//! Questions that are asked once for all who ask them at the same time.
