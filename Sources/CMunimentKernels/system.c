// GNU and Linux calls that Swift's Glibc module does not show. No policy here: arguments in, result and errno out.
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
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int result = fcntl(fd, F_OFD_SETLK, &whole);
    if (result != 0 && errno == EACCES) errno = EAGAIN;  // POSIX allows either for "another holds it".
    return result;
}

int mk_unlock(int fd) {
    struct flock whole = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
    return fcntl(fd, F_OFD_SETLK, &whole);
}

int64_t mk_file_system_type(int fd) {
    struct statfs info;
    return fstatfs(fd, &info) == 0 ? (int64_t)(uint64_t)info.f_type : -1;
}

int mk_exclude_from_core_dumps(void *address, size_t count) { return madvise(address, count, MADV_DONTDUMP); }

int mk_disable_core_dumps(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }
