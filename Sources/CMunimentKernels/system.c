// The GNU system calls that Swift's Glibc module hides. Thin: arguments in, the call's result and errno out.
#define _GNU_SOURCE
#include "CMunimentKernels.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/vfs.h>
#include <unistd.h>

int mk_open(const char *path, int flags, mode_t mode) { return open(path, flags, mode); }

int mk_o_direct(void) { return O_DIRECT; }

int mk_fallocate(int fd, int mode, off_t offset, off_t length) { return fallocate(fd, mode, offset, length); }

int mk_falloc_fl_keep_size(void) { return FALLOC_FL_KEEP_SIZE; }

int mk_falloc_fl_punch_hole(void) { return FALLOC_FL_PUNCH_HOLE; }

int mk_lock_exclusive(int fd) {
    // A length of zero reaches to the end of the file, however long it grows; l_pid must be zero for OFD locks.
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0, .l_pid = 0};
    int result = fcntl(fd, F_OFD_SETLK, &whole);
    // POSIX lets a system say EACCES for a conflict; callers test one value.
    if (result != 0 && errno == EACCES) errno = EAGAIN;
    return result;
}

int64_t mk_file_system_type(int fd) {
    struct statfs found;
    if (fstatfs(fd, &found) != 0) return -1;
    // The field is signed and narrower on some machines; the magic numbers are 32 unsigned bits.
    return (int64_t)(uint32_t)found.f_type;
}

int mk_exclude_from_core_dumps(void *address, size_t count) { return madvise(address, count, MADV_DONTDUMP); }

int mk_disable_core_dumps(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }
