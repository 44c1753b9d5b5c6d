// What the SHA-256 sources share: the table of a kernel's entry points, the constants, and how a job becomes blocks.
// Not part of the module's interface.
#ifndef MK_SHA256_INTERNAL_H
#define MK_SHA256_INTERNAL_H

#include "CMunimentKernels.h"
#include <string.h>

#define MK_INLINE static inline __attribute__((always_inline))

enum { MK_BLOCK = 64, MK_DIGEST = 32 };

/// One implementation. Every function is total: any count, any alignment.
typedef struct mk_sha256_ops {
    const char *name;
    /// Feeds `count` whole blocks into the chaining value `h`.
    void (*compress)(uint32_t h[8], const uint8_t *blocks, size_t count);
    void (*jobs)(const mk_hash_job *jobs, size_t count);
    void (*nodes)(const uint8_t *children, size_t count, uint8_t *out);
    void (*path)(const uint8_t *seed, const uint8_t *siblings, size_t count, uint64_t left, uint8_t *out);
} mk_sha256_ops;

extern const uint32_t mk_sha256_k[64];
extern const uint32_t mk_sha256_iv[8];

/// NULL where this CPU lacks the instructions, or this build the architecture.
const mk_sha256_ops *mk_sha256_x86(void);
const mk_sha256_ops *mk_sha256_arm(void);
const mk_sha256_ops *mk_sha256_portable(void);

/// A job without interleaving, through `compress`: heads of any length. The slow path of every kernel.
void mk_sha256_one_job(const mk_sha256_ops *ops, const mk_hash_job *job);

/// Big-endian stores and loads, independent of the host's order.
MK_INLINE void mk_store_be32(uint8_t *p, uint32_t v) {
    v = __builtin_bswap32(v);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap32(v);
#endif
    memcpy(p, &v, 4);
}

MK_INLINE void mk_store_be64(uint8_t *p, uint64_t v) {
    mk_store_be32(p, (uint32_t)(v >> 32));
    mk_store_be32(p + 4, (uint32_t)v);
}

MK_INLINE uint32_t mk_load_be32(const uint8_t *p) {
    uint32_t v;
    memcpy(&v, p, 4);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    v = __builtin_bswap32(v);
#endif
    return v;
}

#endif
