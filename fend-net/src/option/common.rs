//! The methods that every socket has.

/// Options of any socket, any C option, and options by name.
macro_rules! common_options {
    ($type:ty) => {
        /// Options of any socket, from [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
        impl $type {
            /// The size of the receive buffer in bytes (`SO_RCVBUF`): twice of what was asked for, as the kernel keeps its own
            /// notes there too.
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn recv_buffer_size(&self) -> ::std::io::Result<usize> {
                $crate::option::methods::recv_buffer_size(self.socket())
            }

            /// Sets the size of the receive buffer in bytes (`SO_RCVBUF`). The kernel **doubles** it, to have room for its own
            /// notes, and [`recv_buffer_size`](Self::recv_buffer_size) gives the doubled size.
            ///
            /// It is lowered to `net.core.rmem_max`, and raised to about 2 KiB, without a word. TCP no longer fits the buffer
            /// to the connection by itself once it was set, and the window that it offers to the peer is settled before the
            /// connection is made.
            ///
            /// # Errors
            ///
            /// [`InvalidInput`](std::io::ErrorKind::InvalidInput) above 2^30 - 1.
            pub fn set_recv_buffer_size(&self, bytes: usize) -> ::std::io::Result<()> {
                $crate::option::methods::set_recv_buffer_size(self.socket(), bytes)
            }

            /// The size of the send buffer in bytes (`SO_SNDBUF`): twice of what was asked for, as the kernel keeps its own
            /// notes there too.
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn send_buffer_size(&self) -> ::std::io::Result<usize> {
                $crate::option::methods::send_buffer_size(self.socket())
            }

            /// Sets the size of the send buffer in bytes (`SO_SNDBUF`). The kernel **doubles** it, to have room for its own
            /// notes, and [`send_buffer_size`](Self::send_buffer_size) gives the doubled size.
            ///
            /// It is lowered to `net.core.wmem_max`, and raised to about 4 KiB, without a word. TCP no longer fits the buffer
            /// to the connection by itself once it was set.
            ///
            /// # Errors
            ///
            /// [`InvalidInput`](std::io::ErrorKind::InvalidInput) above 2^30 - 1.
            pub fn set_send_buffer_size(&self, bytes: usize) -> ::std::io::Result<()> {
                $crate::option::methods::set_send_buffer_size(self.socket(), bytes)
            }

            /// How many bytes must be there before a wait for them ends (`SO_RCVLOWAT`).
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn recv_low_water(&self) -> ::std::io::Result<usize> {
                $crate::option::methods::recv_low_water(self.socket())
            }

            /// Sets how many bytes must be there before a wait for them ends (`SO_RCVLOWAT`, 1 by default).
            ///
            /// It decides about waiting alone: a receive that is tried while fewer bytes are there gets them. TCP lowers it to
            /// half of the largest receive buffer.
            ///
            /// # Errors
            ///
            /// [`InvalidInput`](std::io::ErrorKind::InvalidInput) for 0, and above 2^31 - 1.
            pub fn set_recv_low_water(&self, bytes: usize) -> ::std::io::Result<()> {
                $crate::option::methods::set_recv_low_water(self.socket(), bytes)
            }

            /// Takes the pending error of the socket (`SO_ERROR`), if there is one.
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn take_error(&self) -> ::std::io::Result<Option<::std::io::Error>> {
                $crate::option::methods::take_error(self.socket())
            }

            /// The family of the socket's addresses (`SO_DOMAIN`).
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn domain(&self) -> ::std::io::Result<$crate::Domain> {
                $crate::option::methods::domain(self.socket())
            }

            /// Whether the socket carries a stream or datagrams (`SO_TYPE`).
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn r#type(&self) -> ::std::io::Result<$crate::Type> {
                $crate::option::methods::type_of(self.socket())
            }

            /// The protocol of the socket (`SO_PROTOCOL`), in families that have several.
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn protocol(&self) -> ::std::io::Result<Option<$crate::Protocol>> {
                $crate::option::methods::protocol(self.socket())
            }

            /// The number of this socket (`SO_COOKIE`), as `ss -e` shows it. No other socket gets it as long as the
            /// system runs.
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn cookie(&self) -> ::std::io::Result<u64> {
                $crate::option::methods::cookie(self.socket())
            }
        }

        /// Any option.
        impl $type {
            /// Sets any option, by its level and number in C, with a value that has the form and size that C gives it.
            ///
            /// A structure is an array of its fields where these are of one type, as a `struct linger` is `[i32; 2]`; else it
            /// is [put together from bytes](Self::set_option_bytes).
            ///
            /// # Errors
            ///
            /// What setsockopt(2) says. [`InvalidInput`](std::io::ErrorKind::InvalidInput) for the few options whose value
            /// holds an address that the kernel writes to, as those that replace tables of the packet filter.
            pub fn set_option<T: $crate::OptionData>(
                &self,
                level: i32,
                number: i32,
                value: &T,
            ) -> ::std::io::Result<()> {
                $crate::option::methods::set_option(self.socket(), level, number, value)
            }

            /// The value of any option, by its level and number in C. Of one that is longer than `T` the beginning is given,
            /// as in C: structures grow at their end.
            ///
            /// A file descriptor that the kernel makes for the answer (`SO_PEERPIDFD`) is the caller's to close.
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says. [`InvalidInput`](std::io::ErrorKind::InvalidInput) when the option is shorter than
            /// `T`.
            pub fn option<T: $crate::OptionData>(&self, level: i32, number: i32) -> ::std::io::Result<T> {
                $crate::option::methods::option(self.socket(), level, number)
            }

            /// Sets any option, by its level and number in C, to these bytes.
            ///
            /// # Errors
            ///
            /// As [`set_option`](Self::set_option).
            pub fn set_option_bytes(&self, level: i32, number: i32, value: &[u8]) -> ::std::io::Result<()> {
                $crate::option::methods::set_option_bytes(self.socket(), level, number, value)
            }

            /// The value of any option, by its level and number in C: as many bytes as it has, at most `max_len`. The kernel
            /// cuts off the rest, or refuses.
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says. [`InvalidInput`](std::io::ErrorKind::InvalidInput) when `max_len` is above 1 MiB.
            pub fn option_bytes(
                &self,
                level: i32,
                number: i32,
                max_len: usize,
            ) -> ::std::io::Result<Vec<u8>> {
                $crate::option::methods::option_bytes(self.socket(), level, number, max_len)
            }

            /// Sets an option by its name in the man pages socket(7), ip(7), ipv6(7), tcp(7), udp(7) and unix(7).
            ///
            /// The name is taken in upper or lower case, with its prefix or without: "SO_REUSEADDR", "reuseaddr". A name
            /// without prefix that several levels have ("MTU_DISCOVER") means the one of this socket's family and protocol.
            /// The value is of the kind that the option has: see [`OptionValue`](crate::OptionValue).
            ///
            /// # Errors
            ///
            /// [`InvalidInput`](std::io::ErrorKind::InvalidInput) for an unknown name, with names that are like it; for one that
            /// may mean several options; for a value of the wrong kind or out of range. Else what setsockopt(2) says.
            pub fn set_socket_option(
                &self,
                name: &str,
                value: impl Into<$crate::OptionValue>,
            ) -> ::std::io::Result<()> {
                $crate::option::methods::set_socket_option(self.socket(), name, value.into())
            }

            /// The value of an option, by its name as in [`set_socket_option`](Self::set_socket_option).
            ///
            /// # Errors
            ///
            /// [`InvalidInput`](std::io::ErrorKind::InvalidInput) for a name that is unknown or may mean several options, and
            /// for an option that can only be set. Else what getsockopt(2) says.
            pub fn socket_option(&self, name: &str) -> ::std::io::Result<$crate::OptionValue> {
                $crate::option::methods::socket_option(self.socket(), name)
            }
        }
    };
}
pub(crate) use common_options;
