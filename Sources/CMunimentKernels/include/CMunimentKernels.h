// The C side of Muniment: hash kernels, CRC32C, and the few GNU calls that Swift's Glibc module hides.
// C sees pointers and counts, owns no memory, and never fails on any input. Each kernel has a plain Swift twin in the tests.
#ifndef C_MUNIMENT_KERNELS_H
#define C_MUNIMENT_KERNELS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// One message to hash: SHA-256(tag ‖ head ‖ body). `out` receives 32 bytes and may not overlap an input of the same call.
typedef struct mk_hash_job {
    const uint8_t *head;
    const uint8_t *body;
    size_t head_count;
    size_t body_count;
    uint8_t *out;
    uint8_t tag;
} mk_hash_job;

/// Hashes `count` messages, two streams interleaved where the CPU has SHA extensions.
void mk_sha256_jobs(const mk_hash_job *jobs, size_t count);

/// RFC 6962 interior nodes: out[i] = SHA-256(0x01 ‖ children[2i] ‖ children[2i+1]), 32 bytes each. `out` may equal `children`.
void mk_sha256_nodes(const uint8_t *children, size_t count, uint8_t *out);

/// Climbs an audit path of at most 64 siblings: node = SHA-256(0x01 ‖ sibling i ‖ node) where bit i of `left` is set, else
/// SHA-256(0x01 ‖ node ‖ sibling i), from node = `seed`. One message waits for the other here, so nothing interleaves.
void mk_sha256_path(const uint8_t *seed, const uint8_t *siblings, size_t count, uint64_t left, uint8_t *out);

/// SHA-256 of `count` bytes, no prefix.
void mk_sha256(const uint8_t *bytes, size_t count, uint8_t *out);

/// Incremental SHA-256.
typedef struct mk_sha256_state {
    uint32_t h[8];
    uint64_t byte_count;
    uint8_t block[64];
} mk_sha256_state;
void mk_sha256_init(mk_sha256_state *state);
void mk_sha256_update(mk_sha256_state *state, const uint8_t *bytes, size_t count);
void mk_sha256_final(mk_sha256_state *state, uint8_t *out);

/// CRC-32C (Castagnoli), reflected; pass 0 to start, or the previous result to continue.
uint32_t mk_crc32c(uint32_t crc, const uint8_t *bytes, size_t count);

/// Which code runs: "sha-ni", "armv8" or "portable".
const char *mk_sha256_kernel(void);
/// Switches every later SHA-256 call of the process to the named kernel, for tests; 0 where it cannot run here.
int mk_sha256_use_kernel(const char *name);

// GNU calls. Each returns what the system call returns and leaves errno.
int mk_open(const char *path, int flags, mode_t mode);
int mk_o_direct(void);
int mk_fallocate(int fd, int mode, off_t offset, off_t length);
int mk_falloc_fl_keep_size(void);
int mk_falloc_fl_punch_hole(void);
/// Open-file-description write lock on the whole file, without waiting; 0, or -1 with errno EAGAIN when another holds it.
int mk_lock_exclusive(int fd);
/// Gives up the open-file-description lock on the whole file, whoever else has the description.
int mk_unlock(int fd);
/// The magic number of the file system that holds `fd` (statfs f_type), or -1.
int64_t mk_file_system_type(int fd);
/// Excludes pages from core dumps (madvise MADV_DONTDUMP).
int mk_exclude_from_core_dumps(void *address, size_t count);
/// Forbids core dumps and ptrace of this process (prctl PR_SET_DUMPABLE 0).
int mk_disable_core_dumps(void);

#endif
