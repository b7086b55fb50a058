// Threads that stand still: a library for LD_PRELOAD, built and used by `.ci/stalls`.
//
// Before and after one in STALLS_CALL calls of what is below, and before one in STALLS_MEMORY allocations and frees, the thread sleeps: mostly for
// less than 2 ms, and for up to STALLS_LONGEST microseconds now and then. So whatever another thread may do in between, it does sooner or later.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#ifndef __x86_64__
#error "the way into the kernel is written for x86-64"
#endif

static uint64_t calls = 300, memory = 6000, longest = 30000;

static uint64_t setting(const char *name, uint64_t otherwise) {
    const char *value = getenv(name);
    uint64_t number = value ? strtoul(value, NULL, 10) : otherwise;
    return number ? number : 1;
}

__attribute__((constructor)) static void read_settings(void) {
    calls = setting("STALLS_CALL", calls);
    memory = setting("STALLS_MEMORY", memory);
    longest = setting("STALLS_LONGEST", longest);
}

// By no function of the C library: those are what is below.
static long into_kernel(long number, long a, long b, long c, long d, long e, long f) {
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

// xorshift64, from another number in each thread and run. Takes no memory, so that a signal handler and an allocator may ask too.
static uint64_t random_number(void) {
    static __thread uint64_t state __attribute__((tls_model("initial-exec")));
    if (!state) {
        struct timespec now;
        into_kernel(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&now, 0, 0, 0, 0);
        uint64_t thread = (uint64_t)into_kernel(SYS_gettid, 0, 0, 0, 0, 0, 0);
        state = ((uint64_t)now.tv_nsec * 2654435761U) ^ (thread << 32) ^ 1;
    }
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void stall_once_in(uint64_t odds) {
    if (random_number() % odds) {
        return;
    }
    uint64_t most = random_number() % 4 && longest > 2000 ? 2000 : longest;
    uint64_t micros = random_number() % most;
    struct timespec length = {(time_t)(micros / 1000000), (long)(micros % 1000000 * 1000)};
    into_kernel(SYS_nanosleep, (long)&length, 0, 0, 0, 0, 0);
}

// A function of the C library with a stall before and behind it.
#define STALLED(result, name, parameters, arguments)                                                                                       \
    result name parameters {                                                                                                               \
        static __typeof__(&name) next;                                                                                                     \
        if (!next) {                                                                                                                       \
            next = (__typeof__(&name))dlsym(RTLD_NEXT, #name);                                                                             \
        }                                                                                                                                  \
        stall_once_in(calls);                                                                                                              \
        result returned = next arguments;                                                                                                  \
        int error = errno;                                                                                                                 \
        stall_once_in(calls);                                                                                                              \
        errno = error;                                                                                                                     \
        return returned;                                                                                                                   \
    }

STALLED(ssize_t, read, (int fd, void *buf, size_t len), (fd, buf, len))
STALLED(ssize_t, write, (int fd, const void *buf, size_t len), (fd, buf, len))
STALLED(ssize_t, readv, (int fd, const struct iovec *bufs, int count), (fd, bufs, count))
STALLED(ssize_t, writev, (int fd, const struct iovec *bufs, int count), (fd, bufs, count))
STALLED(ssize_t, recv, (int fd, void *buf, size_t len, int flags), (fd, buf, len, flags))
STALLED(ssize_t, send, (int fd, const void *buf, size_t len, int flags), (fd, buf, len, flags))
STALLED(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags))
STALLED(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags))
STALLED(ssize_t, recvfrom, (int fd, void *buf, size_t len, int flags, struct sockaddr *from, socklen_t *size),
        (fd, buf, len, flags, from, size))
STALLED(ssize_t, sendto, (int fd, const void *buf, size_t len, int flags, const struct sockaddr *to, socklen_t size),
        (fd, buf, len, flags, to, size))
STALLED(int, accept4, (int fd, struct sockaddr *from, socklen_t *size, int flags), (fd, from, size, flags))
STALLED(int, connect, (int fd, const struct sockaddr *to, socklen_t size), (fd, to, size))
STALLED(int, listen, (int fd, int backlog), (fd, backlog))
STALLED(int, shutdown, (int fd, int how), (fd, how))
STALLED(int, setsockopt, (int fd, int level, int option, const void *value, socklen_t size), (fd, level, option, value, size))
STALLED(int, fcntl64, (int fd, int command, long argument), (fd, command, argument))
STALLED(int, close, (int fd), (fd))
STALLED(int, epoll_ctl, (int epoll, int what, int fd, struct epoll_event *event), (epoll, what, fd, event))
STALLED(int, epoll_wait, (int epoll, struct epoll_event *events, int count, int timeout), (epoll, events, count, timeout))
STALLED(int, poll, (struct pollfd *fds, nfds_t count, int timeout), (fds, count, timeout))
STALLED(int, ppoll, (struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask), (fds, count, timeout, mask))
STALLED(int, clock_gettime, (clockid_t clock, struct timespec *now), (clock, now))
STALLED(int, nanosleep, (const struct timespec *length, struct timespec *left), (length, left))
STALLED(int, setrlimit, (__rlimit_resource_t resource, const struct rlimit *limit), (resource, limit))
STALLED(int, kill, (pid_t pid, int signal), (pid, signal))

// What std and fend call by number: futex(2) most of all.
long syscall(long number, ...) {
    va_list rest;
    va_start(rest, number);
    long a = va_arg(rest, long), b = va_arg(rest, long), c = va_arg(rest, long);
    long d = va_arg(rest, long), e = va_arg(rest, long), f = va_arg(rest, long);
    va_end(rest);
    stall_once_in(calls);
    long result = into_kernel(number, a, b, c, d, e, f);
    stall_once_in(calls);
    if (result < 0 && result > -4096) {
        errno = (int)-result;
        return -1;
    }
    return result;
}

#ifndef STALLS_SPARE_MEMORY
extern void *__libc_malloc(size_t);
extern void __libc_free(void *);

void *malloc(size_t size) {
    stall_once_in(memory);
    return __libc_malloc(size);
}

void free(void *block) {
    int error = errno;
    stall_once_in(memory);
    errno = error;
    __libc_free(block);
}
#endif
