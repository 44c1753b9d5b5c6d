// SHA-256 over the ARMv8 cryptography extension, two messages interleaved. Functions carry their own target attribute;
// `mk_sha256_arm` asks the kernel whether this CPU has the instructions.
#include "sha256_internal.h"

#if defined(__aarch64__) && defined(__linux__)
#include <arm_neon.h>
#include <sys/auxv.h>

#if defined(__clang__)
#define MK_TARGET __attribute__((target("sha2")))
#else
#define MK_TARGET __attribute__((target("+crypto")))
#endif
#define MK_TARGET_INLINE MK_TARGET static inline __attribute__((always_inline))

/// Bit of AT_HWCAP for SHA-256 instructions on arm64 Linux.
enum { MK_HWCAP_SHA2 = 1 << 6 };

typedef struct mk_chain {
    uint32x4_t abcd, efgh;
} mk_chain;

MK_TARGET_INLINE mk_chain mk_chain_load(const uint32_t h[8]) {
    mk_chain chain = {vld1q_u32(h), vld1q_u32(h + 4)};
    return chain;
}

MK_TARGET_INLINE mk_chain mk_chain_start(void) { return mk_chain_load(mk_sha256_iv); }

MK_TARGET_INLINE void mk_chain_store(const mk_chain *chain, uint8_t *out) {
    vst1q_u8(out, vrev32q_u8(vreinterpretq_u8_u32(chain->abcd)));
    vst1q_u8(out + 16, vrev32q_u8(vreinterpretq_u8_u32(chain->efgh)));
}

MK_TARGET_INLINE void mk_rounds(mk_chain *chain, uint32x4_t w, int quad) {
    uint32x4_t wk = vaddq_u32(w, vld1q_u32(mk_sha256_k + 4 * quad));
    uint32x4_t abcd = chain->abcd;
    chain->abcd = vsha256hq_u32(abcd, chain->efgh, wk);
    chain->efgh = vsha256h2q_u32(chain->efgh, abcd, wk);
}

/// The next four schedule words replace the oldest four. `m` is a ring of sixteen words; `quad` counts from 4.
MK_TARGET_INLINE uint32x4_t mk_schedule(uint32x4_t m[4], int quad) {
    uint32x4_t sum = vsha256su0q_u32(m[quad & 3], m[(quad + 1) & 3]);
    return m[quad & 3] = vsha256su1q_u32(sum, m[(quad + 2) & 3], m[(quad + 3) & 3]);
}

MK_TARGET_INLINE void mk_chain_add(mk_chain *chain, const mk_chain *before) {
    chain->abcd = vaddq_u32(chain->abcd, before->abcd);
    chain->efgh = vaddq_u32(chain->efgh, before->efgh);
}

MK_TARGET_INLINE void mk_words_one(mk_chain *chain, uint32x4_t m[4]) {
    mk_chain before = *chain;
#pragma unroll
    for (int quad = 0; quad < 4; quad++) mk_rounds(chain, m[quad], quad);
#pragma unroll
    for (int quad = 4; quad < 16; quad++) mk_rounds(chain, mk_schedule(m, quad), quad);
    mk_chain_add(chain, &before);
}

MK_TARGET_INLINE void mk_words_two(mk_chain *a, uint32x4_t ma[4], mk_chain *b, uint32x4_t mb[4]) {
    mk_chain a_before = *a, b_before = *b;
#pragma unroll
    for (int quad = 0; quad < 4; quad++) {
        mk_rounds(a, ma[quad], quad);
        mk_rounds(b, mb[quad], quad);
    }
#pragma unroll
    for (int quad = 4; quad < 16; quad++) {
        mk_rounds(a, mk_schedule(ma, quad), quad);
        mk_rounds(b, mk_schedule(mb, quad), quad);
    }
    mk_chain_add(a, &a_before);
    mk_chain_add(b, &b_before);
}

MK_TARGET_INLINE uint32x4_t mk_swap(uint8x16_t bytes) { return vreinterpretq_u32_u8(vrev32q_u8(bytes)); }

MK_TARGET_INLINE void mk_block_load(const uint8_t *block, uint32x4_t m[4]) {
#pragma unroll
    for (int i = 0; i < 4; i++) m[i] = mk_swap(vld1q_u8(block + 16 * i));
}

MK_TARGET_INLINE void mk_chain_one(mk_chain *chain, const uint8_t *block) {
    uint32x4_t m[4];
    mk_block_load(block, m);
    mk_words_one(chain, m);
}

MK_TARGET_INLINE void mk_chain_two(mk_chain *a, const uint8_t *a_block, mk_chain *b, const uint8_t *b_block) {
    uint32x4_t ma[4], mb[4];
    mk_block_load(a_block, ma);
    mk_block_load(b_block, mb);
    mk_words_two(a, ma, b, mb);
}

#include "sha256_lanes.h"

MK_TARGET static void mk_compress_arm(uint32_t h[8], const uint8_t *blocks, size_t count) {
    mk_chain chain = mk_chain_load(h);
    for (; count != 0; count--, blocks += MK_BLOCK) mk_chain_one(&chain, blocks);
    vst1q_u32(h, chain.abcd);
    vst1q_u32(h + 4, chain.efgh);
}

/// The first 64 bytes of 0x01 ‖ left ‖ right, by loads that are one byte off.
MK_TARGET_INLINE void mk_node_first(const uint8_t *children, uint32x4_t m[4]) {
    m[0] = mk_swap(vextq_u8(vdupq_n_u8(0x01), vld1q_u8(children), 15));
#pragma unroll
    for (int i = 1; i < 4; i++) m[i] = mk_swap(vld1q_u8(children + 16 * i - 1));
}

/// The second block: the last byte, the one bit, zeros, and a length of 520 bits.
MK_TARGET_INLINE void mk_node_second(uint8_t last, uint32x4_t m[4]) {
    uint32x4_t zero = vdupq_n_u32(0);
    m[0] = vsetq_lane_u32((uint32_t)last << 24 | 0x00800000u, zero, 0);
    m[1] = m[2] = zero;
    m[3] = vsetq_lane_u32(520, zero, 3);
}

MK_TARGET static void mk_nodes_arm(const uint8_t *children, size_t count, uint8_t *out) {
    uint32x4_t ma[4], mb[4];
    for (; count >= 2; count -= 2, children += 4 * MK_DIGEST, out += 2 * MK_DIGEST) {
        mk_chain a = mk_chain_start(), b = a;
        uint8_t a_last = children[MK_BLOCK - 1], b_last = children[2 * MK_BLOCK - 1];
        mk_node_first(children, ma);
        mk_node_first(children + MK_BLOCK, mb);
        mk_words_two(&a, ma, &b, mb);
        mk_node_second(a_last, ma);
        mk_node_second(b_last, mb);
        mk_words_two(&a, ma, &b, mb);
        mk_chain_store(&a, out);
        mk_chain_store(&b, out + MK_DIGEST);
    }
    if (count != 0) {
        mk_chain a = mk_chain_start();
        uint8_t last = children[MK_BLOCK - 1];
        mk_node_first(children, ma);
        mk_words_one(&a, ma);
        mk_node_second(last, ma);
        mk_words_one(&a, ma);
        mk_chain_store(&a, out);
    }
}

/// The node and its sibling never leave the registers; which side is which is a select, not a branch.
MK_TARGET static void mk_path_arm(const uint8_t *seed, const uint8_t *siblings, size_t count, uint64_t left, uint8_t *out) {
    uint8x16_t node0 = vld1q_u8(seed), node1 = vld1q_u8(seed + 16);
    uint32x4_t m[4];
    for (; count != 0; count--, siblings += MK_DIGEST, left >>= 1) {
        uint8x16_t sibling0 = vld1q_u8(siblings), sibling1 = vld1q_u8(siblings + 16);
        uint8x16_t is_left = vdupq_n_u8((uint8_t)-(int)(left & 1));
        uint8x16_t left0 = vbslq_u8(is_left, sibling0, node0), left1 = vbslq_u8(is_left, sibling1, node1);
        uint8x16_t right0 = vbslq_u8(is_left, node0, sibling0), right1 = vbslq_u8(is_left, node1, sibling1);
        m[0] = mk_swap(vextq_u8(vdupq_n_u8(0x01), left0, 15));
        m[1] = mk_swap(vextq_u8(left0, left1, 15));
        m[2] = mk_swap(vextq_u8(left1, right0, 15));
        m[3] = mk_swap(vextq_u8(right0, right1, 15));
        mk_chain chain = mk_chain_start();
        mk_words_one(&chain, m);
        mk_node_second(vgetq_lane_u8(right1, 15), m);
        mk_words_one(&chain, m);
        node0 = vrev32q_u8(vreinterpretq_u8_u32(chain.abcd));
        node1 = vrev32q_u8(vreinterpretq_u8_u32(chain.efgh));
    }
    vst1q_u8(out, node0);
    vst1q_u8(out + 16, node1);
}

static void mk_jobs_arm(const mk_hash_job *jobs, size_t count);

static const mk_sha256_ops mk_arm_ops = {"armv8", mk_compress_arm, mk_jobs_arm, mk_nodes_arm, mk_path_arm};

static void mk_jobs_arm(const mk_hash_job *jobs, size_t count) { mk_lanes_run(&mk_arm_ops, jobs, count); }

const mk_sha256_ops *mk_sha256_arm(void) { return getauxval(AT_HWCAP) & MK_HWCAP_SHA2 ? &mk_arm_ops : NULL; }

#else

const mk_sha256_ops *mk_sha256_arm(void) { return NULL; }

#endif
