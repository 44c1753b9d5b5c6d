// SHA-256 in plain C (FIPS 180-4, section 6.2): the kernel of CPUs without SHA instructions.
#include "sha256_internal.h"

MK_INLINE uint32_t mk_rotate(uint32_t x, int n) { return x >> n | x << (32 - n); }

MK_INLINE uint32_t mk_big_sigma0(uint32_t x) { return mk_rotate(x, 2) ^ mk_rotate(x, 13) ^ mk_rotate(x, 22); }
MK_INLINE uint32_t mk_big_sigma1(uint32_t x) { return mk_rotate(x, 6) ^ mk_rotate(x, 11) ^ mk_rotate(x, 25); }
MK_INLINE uint32_t mk_small_sigma0(uint32_t x) { return mk_rotate(x, 7) ^ mk_rotate(x, 18) ^ x >> 3; }
MK_INLINE uint32_t mk_small_sigma1(uint32_t x) { return mk_rotate(x, 17) ^ mk_rotate(x, 19) ^ x >> 10; }

/// One round on eight named registers. The caller renames them instead of moving them.
#define MK_ROUND(a, b, c, d, e, f, g, h, t)                                                                 \
    do {                                                                                                    \
        uint32_t t1 = h + mk_big_sigma1(e) + (g ^ (e & (f ^ g))) + mk_sha256_k[t] + mk_word(w, t);          \
        d += t1;                                                                                            \
        h = t1 + mk_big_sigma0(a) + ((a & b) | (c & (a | b)));                                              \
    } while (0)

/// Schedule word `t`, computed in place in a ring of the last sixteen.
MK_INLINE uint32_t mk_word(uint32_t w[16], int t) {
    if (t >= 16) w[t & 15] += mk_small_sigma1(w[(t - 2) & 15]) + w[(t - 7) & 15] + mk_small_sigma0(w[(t - 15) & 15]);
    return w[t & 15];
}

static void mk_compress_portable(uint32_t s[8], const uint8_t *blocks, size_t count) {
    for (; count != 0; count--, blocks += MK_BLOCK) {
        uint32_t w[16];
        for (int t = 0; t < 16; t++) w[t] = mk_load_be32(blocks + 4 * t);
        uint32_t a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];
#pragma unroll
        for (int t = 0; t < 64; t += 8) {
            MK_ROUND(a, b, c, d, e, f, g, h, t);
            MK_ROUND(h, a, b, c, d, e, f, g, t + 1);
            MK_ROUND(g, h, a, b, c, d, e, f, t + 2);
            MK_ROUND(f, g, h, a, b, c, d, e, t + 3);
            MK_ROUND(e, f, g, h, a, b, c, d, t + 4);
            MK_ROUND(d, e, f, g, h, a, b, c, t + 5);
            MK_ROUND(c, d, e, f, g, h, a, b, t + 6);
            MK_ROUND(b, c, d, e, f, g, h, a, t + 7);
        }
        s[0] += a;
        s[1] += b;
        s[2] += c;
        s[3] += d;
        s[4] += e;
        s[5] += f;
        s[6] += g;
        s[7] += h;
    }
}

static void mk_jobs_portable(const mk_hash_job *jobs, size_t count) {
    for (; count != 0; count--, jobs++) mk_sha256_one_job(mk_sha256_portable(), jobs);
}

static void mk_nodes_portable(const uint8_t *children, size_t count, uint8_t *out) {
    for (; count != 0; count--, children += 2 * MK_DIGEST, out += MK_DIGEST) {
        const mk_hash_job node = {NULL, children, 0, 2 * MK_DIGEST, out, 0x01};
        mk_sha256_one_job(mk_sha256_portable(), &node);
    }
}

static void mk_path_portable(const uint8_t *seed, const uint8_t *siblings, size_t count, uint64_t left, uint8_t *out) {
    uint8_t children[2 * MK_DIGEST], node[MK_DIGEST];
    memcpy(node, seed, MK_DIGEST);
    for (size_t i = 0; i < count; i++, siblings += MK_DIGEST) {
        size_t at = left >> i & 1 ? MK_DIGEST : 0;
        memcpy(children + at, node, MK_DIGEST);
        memcpy(children + MK_DIGEST - at, siblings, MK_DIGEST);
        mk_nodes_portable(children, 1, node);
    }
    memcpy(out, node, MK_DIGEST);
}

static const mk_sha256_ops mk_portable_ops = {
    "portable", mk_compress_portable, mk_jobs_portable, mk_nodes_portable, mk_path_portable,
};

const mk_sha256_ops *mk_sha256_portable(void) { return &mk_portable_ops; }
