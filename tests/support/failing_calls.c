/* Loaded before the C library: the n-th call of one kind on a file below a folder fails, as on a broken or full disk. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { WRITE, SYNC, TRUNCATE, RENAME, MKDIR, OPEN, KINDS };

static char below[4096];
static int armed_kind = -1, armed_errno, goes_on;
static long armed_at, counts[KINDS];

/* kind -1 only counts; goes_on lets every later call fail, too. */
void failing_calls_arm(const char *folder, int kind, long at, int error, int on) {
    strncpy(below, folder, sizeof below - 1);
    memset(counts, 0, sizeof counts);
    armed_at = at, armed_errno = error, goes_on = on, armed_kind = kind;
}

void failing_calls_disarm(void) { below[0] = 0, armed_kind = -1; }

long failing_calls_count(int kind) { return counts[kind]; }

static int fails_at(const char *path, int kind) {
    if (!below[0] || !path || strncmp(path, below, strlen(below))) return 0;
    long number = __sync_add_and_fetch(&counts[kind], 1);
    if (kind != armed_kind || number < armed_at || (number > armed_at && !goes_on)) return 0;
    errno = armed_errno;
    return 1;
}

static int fails(int file, int kind) {
    char name[64], path[4096];
    if (!below[0]) return 0;
    snprintf(name, sizeof name, "/proc/self/fd/%d", file);
    ssize_t length = readlink(name, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return fails_at(path, kind);
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int f, const void *b, size_t n) { return fails(f, WRITE) ? -1 : NEXT(write)(f, b, n); }
ssize_t pwrite(int f, const void *b, size_t n, off_t o) { return fails(f, WRITE) ? -1 : NEXT(pwrite)(f, b, n, o); }
ssize_t pwrite64(int f, const void *b, size_t n, off64_t o) { return fails(f, WRITE) ? -1 : NEXT(pwrite64)(f, b, n, o); }
int fsync(int f) { return fails(f, SYNC) ? -1 : NEXT(fsync)(f); }
int fdatasync(int f) { return fails(f, SYNC) ? -1 : NEXT(fdatasync)(f); }
int ftruncate(int f, off_t n) { return fails(f, TRUNCATE) ? -1 : NEXT(ftruncate)(f, n); }
int ftruncate64(int f, off64_t n) { return fails(f, TRUNCATE) ? -1 : NEXT(ftruncate64)(f, n); }
int rename(const char *a, const char *b) { return fails_at(b, RENAME) ? -1 : NEXT(rename)(a, b); }
int mkdir(const char *p, mode_t m) { return fails_at(p, MKDIR) ? -1 : NEXT(mkdir)(p, m); }

int open(const char *p, int how, ...) {
    mode_t mode = 0;
    if (how & O_CREAT) { __builtin_va_list rest; __builtin_va_start(rest, how); mode = __builtin_va_arg(rest, int); __builtin_va_end(rest); }
    return (how & O_CREAT) && fails_at(p, OPEN) ? -1 : NEXT(open)(p, how, mode);
}

int open64(const char *p, int how, ...) {
    mode_t mode = 0;
    if (how & O_CREAT) { __builtin_va_list rest; __builtin_va_start(rest, how); mode = __builtin_va_arg(rest, int); __builtin_va_end(rest); }
    return (how & O_CREAT) && fails_at(p, OPEN) ? -1 : NEXT(open64)(p, how, mode);
}
