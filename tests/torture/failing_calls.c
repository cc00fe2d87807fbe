/* A library for LD_PRELOAD: counts a process's system calls on files under a folder and disturbs one of them.
 *
 * What is disturbed, and how, is said by torture_begin (of Python, by ctypes) or at the start of a process by
 * the environment: TORTURE="KINDS NUMBER HOW VALUE REPORT FOLDER". Only calls of KINDS (a sum of the kinds
 * below) are counted. HOW is one of
 *
 *   0  nothing: only count
 *   1  the call NUMBER (from 0) fails with the errno VALUE, once
 *   2  that and all after it fail
 *   3  the write NUMBER writes half
 *   4  before the call NUMBER the process sends itself the signal VALUE
 *   5  after it
 *
 * REPORT is a file of a `report`, mapped, so that it outlasts a SIGKILL.
 *
 * A close that fails has closed all the same, as Linux does it. Calls that the C library makes of itself
 * (fopen, opendir's getdents) do not pass here, except where the function is named below.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind {
    OPEN = 1,
    READ = 2,
    WRITE = 4,
    SYNC = 8,
    RENAME = 16, /* and link */
    REMOVE = 32,
    FOLDER = 64, /* mkdir */
    CLOSE = 128,
    TRUNCATE = 256,
    MAP = 512,
    LOOK = 1024, /* stat, access, opendir */
    CREATE = 2048, /* an open that may make a file */
    TOUCH = 4096, /* utime, chmod */
    LEAVE = 8192, /* close of what was only read */
};

struct report {
    _Atomic long counts[16]; /* calls of each kind */
    _Atomic long count;      /* calls of KINDS */
    long done;               /* whether the disturbance has come */
    char call[16], path[PATH_MAX];
};

static char folder_[PATH_MAX];
static size_t length_;
static int kinds_, how_, value_;
static long number_;
static struct report *report_; /* null: not begun */

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

void torture_begin(int kinds, long number, int how, int value, const char *report, const char *folder) {
    int fd = REAL(open)(report, O_RDWR | O_CREAT, 0600);
    if (fd < 0 || REAL(ftruncate)(fd, sizeof(struct report)) != 0) abort();
    struct report *mapped = REAL(mmap)(NULL, sizeof *mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED) abort();
    REAL(close)(fd);
    length_ = strlen(strcpy(folder_, folder));
    kinds_ = kinds, number_ = number, how_ = how, value_ = value, report_ = mapped;
}

__attribute__((constructor)) static void begin_by_environment(void) {
    const char *said = getenv("TORTURE");
    int kinds, how, value;
    long number;
    char report[PATH_MAX], folder[PATH_MAX];
    if (said == NULL) return;
    if (sscanf(said, "%d %ld %d %d %s %s", &kinds, &number, &how, &value, report, folder) != 6) abort();
    unsetenv("TORTURE"); /* a child's calls are its own */
    torture_begin(kinds, number, how, value, report, folder);
}

static int below(const char *path) {
    return strncmp(path, folder_, length_) == 0 && (path[length_] == '/' || path[length_] == '\0');
}

/* The path of a descriptor; false if it is none of a file in the folder. */
static int path_of(int fd, char *path) {
    char link[40];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, PATH_MAX - 1);
    path[n < 0 ? 0 : n] = '\0';
    return n > 0 && below(path);
}

static int path_at(int at, const char *name, char *path) {
    if (name == NULL) return path_of(at, path);
    if (name[0] == '/') return snprintf(path, PATH_MAX, "%s", name) > 0 && below(path);
    char base[PATH_MAX];
    if (at == AT_FDCWD ? getcwd(base, sizeof base) == NULL || !below(base) : !path_of(at, base)) return 0;
    return snprintf(path, PATH_MAX, "%s/%s", base, name) > 0;
}

static int end_with_ = 0; /* a signal to send once the call is done */
static __thread int mine_;  /* whether it is this thread that sends it */

/* Counts a call; what to do with it: 0 as usual, -1 fail with errno, 1 write half. */
static int comes(int kind, const char *call, int at, const char *name, int by_fd) {
    char path[PATH_MAX] = "";
    if (report_ == NULL || !(kinds_ & kind)) return 0;
    int before = errno;
    int ours = by_fd ? path_of(at, path) : path_at(at, name, path);
    errno = before;
    if (!ours) return 0;
    atomic_fetch_add(&report_->counts[__builtin_ctz(kind)], 1);
    long number = atomic_fetch_add(&report_->count, 1);
    if (how_ == 0 || !(number == number_ || (how_ == 2 && number > number_))) return 0;
    if (!report_->done) {
        snprintf(report_->call, sizeof report_->call, "%s", call);
        memcpy(report_->path, path, sizeof path);
        report_->done = 1;
    }
    if (how_ == 4) kill(getpid(), value_);
    if (how_ == 5) end_with_ = value_, mine_ = 1;
    if (how_ == 1 || how_ == 2) {
        errno = value_;
        return -1;
    }
    return how_ == 3;
}

static void gone(void) {
    if (mine_) {
        int before = errno;
        mine_ = 0;
        kill(getpid(), end_with_);
        errno = before;
    }
}

/* A function whose call is counted by a path beside a descriptor of a folder, or by a descriptor. */
#define BY_PATH(result, name, parameters, arguments, kind, at, path)                  \
    result name parameters {                                                          \
        static result(*real) parameters;                                              \
        if (!real) real = REAL(name);                                                 \
        if (comes(kind, #name, at, path, 0) < 0) return (result)-1;                   \
        result answer = real arguments;                                               \
        gone();                                                                       \
        return answer;                                                                \
    }
#define BY_FD(result, name, parameters, arguments, kind, fd)                          \
    result name parameters {                                                          \
        static result(*real) parameters;                                              \
        if (!real) real = REAL(name);                                                 \
        if (comes(kind, #name, fd, NULL, 1) < 0) return (result)-1;                   \
        result answer = real arguments;                                               \
        gone();                                                                       \
        return answer;                                                                \
    }
/* A write, of which half may be done. */
#define WRITES(name, parameters, size, arguments)                                     \
    ssize_t name parameters {                                                         \
        static ssize_t(*real) parameters;                                             \
        if (!real) real = REAL(name);                                                 \
        int what = comes(WRITE, #name, fd, NULL, 1);                                  \
        if (what < 0) return -1;                                                      \
        if (what > 0 && size > 1) size /= 2;                                          \
        ssize_t answer = real arguments;                                              \
        gone();                                                                       \
        return answer;                                                                \
    }

#define OPENS(name)                                                                   \
    int name(const char *path, int flags, ...) {                                      \
        va_list rest;                                                                 \
        va_start(rest, flags);                                                        \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;       \
        va_end(rest);                                                                 \
        int kind = flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? CREATE : OPEN; \
        if (comes(kind, #name, AT_FDCWD, path, 0) < 0) return -1;                     \
        int fd = REAL(name)(path, flags, mode);                                       \
        gone();                                                                       \
        return fd;                                                                    \
    }
#define OPENS_AT(name)                                                                \
    int name(int at, const char *path, int flags, ...) {                              \
        va_list rest;                                                                 \
        va_start(rest, flags);                                                        \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;       \
        va_end(rest);                                                                 \
        int kind = flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? CREATE : OPEN; \
        if (comes(kind, #name, at, path, 0) < 0) return -1;                           \
        int fd = REAL(name)(at, path, flags, mode);                                   \
        gone();                                                                       \
        return fd;                                                                    \
    }
OPENS(open)
OPENS(open64)
OPENS_AT(openat)
OPENS_AT(openat64)
BY_PATH(int, creat, (const char *path, mode_t mode), (path, mode), CREATE, AT_FDCWD, path)
BY_PATH(int, creat64, (const char *path, mode_t mode), (path, mode), CREATE, AT_FDCWD, path)

BY_FD(ssize_t, read, (int fd, void *to, size_t n), (fd, to, n), READ, fd)
BY_FD(ssize_t, pread, (int fd, void *to, size_t n, off_t at), (fd, to, n, at), READ, fd)
BY_FD(ssize_t, pread64, (int fd, void *to, size_t n, off64_t at), (fd, to, n, at), READ, fd)
BY_FD(ssize_t, readv, (int fd, const struct iovec *to, int n), (fd, to, n), READ, fd)

WRITES(write, (int fd, const void *from, size_t n), n, (fd, from, n))
WRITES(pwrite, (int fd, const void *from, size_t n, off_t at), n, (fd, from, n, at))
WRITES(pwrite64, (int fd, const void *from, size_t n, off64_t at), n, (fd, from, n, at))
WRITES(writev, (int fd, const struct iovec *from, int n), n, (fd, from, n))
WRITES(sendfile, (int fd, int source, off_t *at, size_t n), n, (fd, source, at, n))
WRITES(sendfile64, (int fd, int source, off64_t *at, size_t n), n, (fd, source, at, n))

BY_FD(int, fsync, (int fd), (fd), SYNC, fd)
BY_FD(int, fdatasync, (int fd), (fd), SYNC, fd)
BY_FD(int, ftruncate, (int fd, off_t size), (fd, size), TRUNCATE, fd)
BY_FD(int, ftruncate64, (int fd, off64_t size), (fd, size), TRUNCATE, fd)
BY_FD(int, posix_fallocate, (int fd, off_t at, off_t n), (fd, at, n), TRUNCATE, fd)
BY_FD(int, fstat, (int fd, struct stat *to), (fd, to), LOOK, fd)
BY_FD(int, fstat64, (int fd, struct stat64 *to), (fd, to), LOOK, fd)
BY_FD(int, futimens, (int fd, const struct timespec times[2]), (fd, times), TOUCH, fd)

BY_PATH(int, rename, (const char *from, const char *to), (from, to), RENAME, AT_FDCWD, from)
BY_PATH(int, renameat, (int fa, const char *from, int ta, const char *to), (fa, from, ta, to), RENAME, fa, from)
BY_PATH(int, renameat2, (int fa, const char *from, int ta, const char *to, unsigned flags),
        (fa, from, ta, to, flags), RENAME, fa, from)
BY_PATH(int, link, (const char *from, const char *to), (from, to), RENAME, AT_FDCWD, from)
BY_PATH(int, linkat, (int fa, const char *from, int ta, const char *to, int flags), (fa, from, ta, to, flags),
        RENAME, fa, from)
BY_PATH(int, unlink, (const char *path), (path), REMOVE, AT_FDCWD, path)
BY_PATH(int, unlinkat, (int at, const char *path, int flags), (at, path, flags), REMOVE, at, path)
BY_PATH(int, rmdir, (const char *path), (path), REMOVE, AT_FDCWD, path)
BY_PATH(int, mkdir, (const char *path, mode_t mode), (path, mode), FOLDER, AT_FDCWD, path)
BY_PATH(int, mkdirat, (int at, const char *path, mode_t mode), (at, path, mode), FOLDER, at, path)
BY_PATH(int, truncate, (const char *path, off_t size), (path, size), TRUNCATE, AT_FDCWD, path)
BY_PATH(int, stat, (const char *path, struct stat *to), (path, to), LOOK, AT_FDCWD, path)
BY_PATH(int, stat64, (const char *path, struct stat64 *to), (path, to), LOOK, AT_FDCWD, path)
BY_PATH(int, lstat, (const char *path, struct stat *to), (path, to), LOOK, AT_FDCWD, path)
BY_PATH(int, lstat64, (const char *path, struct stat64 *to), (path, to), LOOK, AT_FDCWD, path)
BY_PATH(int, fstatat, (int at, const char *path, struct stat *to, int flags), (at, path, to, flags), LOOK, at,
        path)
BY_PATH(int, fstatat64, (int at, const char *path, struct stat64 *to, int flags), (at, path, to, flags), LOOK, at,
        path)
BY_PATH(int, statx, (int at, const char *path, int flags, unsigned mask, struct statx *to),
        (at, path, flags, mask, to), LOOK, at, path)
BY_PATH(int, access, (const char *path, int mode), (path, mode), LOOK, AT_FDCWD, path)
BY_PATH(int, faccessat, (int at, const char *path, int mode, int flags), (at, path, mode, flags), LOOK, at, path)
BY_PATH(int, chmod, (const char *path, mode_t mode), (path, mode), TOUCH, AT_FDCWD, path)
BY_PATH(int, utimensat, (int at, const char *path, const struct timespec times[2], int flags),
        (at, path, times, flags), TOUCH, at, path)

int close(int fd) {
    int flags = report_ == NULL ? 0 : fcntl(fd, F_GETFL);
    int what = comes((flags & O_ACCMODE) == O_RDONLY ? LEAVE : CLOSE, "close", fd, NULL, 1);
    int code = REAL(close)(fd);
    gone();
    if (what >= 0) return code;
    errno = value_;
    return -1;
}

DIR *opendir(const char *path) {
    if (comes(LOOK, "opendir", AT_FDCWD, path, 0) < 0) return NULL;
    DIR *folder = REAL(opendir)(path);
    gone();
    return folder;
}

static void *mapped(__typeof__(&mmap) real, void *at, size_t n, int protection, int flags, int fd, off_t from) {
    if (fd >= 0 && comes(MAP, "mmap", fd, NULL, 1) < 0) return MAP_FAILED;
    void *memory = real(at, n, protection, flags, fd, from);
    gone();
    return memory;
}

void *mmap(void *at, size_t n, int protection, int flags, int fd, off_t from) {
    static __typeof__(&mmap) real;
    if (!real) real = REAL(mmap);
    return mapped(real, at, n, protection, flags, fd, from);
}

void *mmap64(void *at, size_t n, int protection, int flags, int fd, off64_t from) {
    static __typeof__(&mmap) real;
    if (!real) real = (__typeof__(&mmap))dlsym(RTLD_NEXT, "mmap64");
    return mapped(real, at, n, protection, flags, fd, from);
}
