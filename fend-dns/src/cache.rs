//! Answers that are kept until they grow old.
