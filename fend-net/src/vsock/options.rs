//! The options that each type has.

use super::{VsockListener, VsockStream};
use crate::option::common_options;

common_options!(VsockListener);
common_options!(VsockStream);
