// SHA-256 over the x86 SHA extensions, two messages interleaved. The functions carry their own target attribute, so the
// package needs no compiler flags and the binary runs on any x86-64; `mk_sha256_x86` asks the CPU.
#include "sha256_internal.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

#define MK_TARGET __attribute__((target("sha,sse4.1")))
#define MK_TARGET_INLINE MK_TARGET static inline __attribute__((always_inline))

/// The eight words in the order that the instructions want: A B E F and C D G H, high lane first.
typedef struct mk_chain {
    __m128i abef, cdgh;
} mk_chain;

MK_TARGET_INLINE __m128i mk_load(const void *p) { return _mm_loadu_si128((const __m128i *)p); }

MK_TARGET_INLINE __m128i mk_swap(__m128i words) {
    return _mm_shuffle_epi8(words, _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL));
}

MK_TARGET_INLINE mk_chain mk_chain_load(const uint32_t h[8]) {
    __m128i badc = _mm_shuffle_epi32(mk_load(h), 0xB1);      // words 1 0 3 2
    __m128i hgfe = _mm_shuffle_epi32(mk_load(h + 4), 0x1B);  // words 7 6 5 4
    mk_chain chain = {_mm_alignr_epi8(badc, hgfe, 8), _mm_blend_epi16(hgfe, badc, 0xF0)};
    return chain;
}

/// Back to words in order, still of the host's byte order.
MK_TARGET_INLINE void mk_chain_words(const mk_chain *chain, __m128i *low, __m128i *high) {
    __m128i feba = _mm_shuffle_epi32(chain->abef, 0x1B);
    __m128i dchg = _mm_shuffle_epi32(chain->cdgh, 0xB1);
    *low = _mm_blend_epi16(feba, dchg, 0xF0);
    *high = _mm_alignr_epi8(dchg, feba, 8);
}

MK_TARGET_INLINE mk_chain mk_chain_start(void) { return mk_chain_load(mk_sha256_iv); }

MK_TARGET_INLINE void mk_chain_store(const mk_chain *chain, uint8_t *out) {
    __m128i low, high;
    mk_chain_words(chain, &low, &high);
    _mm_storeu_si128((__m128i *)out, mk_swap(low));
    _mm_storeu_si128((__m128i *)(out + 16), mk_swap(high));
}

/// Four rounds; `w` are four schedule words.
MK_TARGET_INLINE void mk_rounds(mk_chain *chain, __m128i w, int quad) {
    __m128i wk = _mm_add_epi32(w, mk_load(mk_sha256_k + 4 * quad));
    chain->cdgh = _mm_sha256rnds2_epu32(chain->cdgh, chain->abef, wk);
    chain->abef = _mm_sha256rnds2_epu32(chain->abef, chain->cdgh, _mm_shuffle_epi32(wk, 0x0E));
}

/// The next four schedule words replace the oldest four. `m` is a ring of sixteen words; `quad` counts from 4.
MK_TARGET_INLINE __m128i mk_schedule(__m128i m[4], int quad) {
    __m128i newest = m[(quad + 3) & 3];
    __m128i sum = _mm_sha256msg1_epu32(m[quad & 3], m[(quad + 1) & 3]);
    sum = _mm_add_epi32(sum, _mm_alignr_epi8(newest, m[(quad + 2) & 3], 4));
    return m[quad & 3] = _mm_sha256msg2_epu32(sum, newest);
}

MK_TARGET_INLINE void mk_chain_add(mk_chain *chain, const mk_chain *before) {
    chain->abef = _mm_add_epi32(chain->abef, before->abef);
    chain->cdgh = _mm_add_epi32(chain->cdgh, before->cdgh);
}

/// One block given as sixteen words in host order.
MK_TARGET_INLINE void mk_words_one(mk_chain *chain, __m128i m[4]) {
    mk_chain before = *chain;
#pragma unroll
    for (int quad = 0; quad < 4; quad++) mk_rounds(chain, m[quad], quad);
#pragma unroll
    for (int quad = 4; quad < 16; quad++) mk_rounds(chain, mk_schedule(m, quad), quad);
    mk_chain_add(chain, &before);
}

MK_TARGET_INLINE void mk_words_two(mk_chain *a, __m128i ma[4], mk_chain *b, __m128i mb[4]) {
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

MK_TARGET_INLINE void mk_block_load(const uint8_t *block, __m128i m[4]) {
#pragma unroll
    for (int i = 0; i < 4; i++) m[i] = mk_swap(mk_load(block + 16 * i));
}

MK_TARGET_INLINE void mk_chain_one(mk_chain *chain, const uint8_t *block) {
    __m128i m[4];
    mk_block_load(block, m);
    mk_words_one(chain, m);
}

MK_TARGET_INLINE void mk_chain_two(mk_chain *a, const uint8_t *a_block, mk_chain *b, const uint8_t *b_block) {
    __m128i ma[4], mb[4];
    mk_block_load(a_block, ma);
    mk_block_load(b_block, mb);
    mk_words_two(a, ma, b, mb);
}

#include "sha256_lanes.h"

MK_TARGET static void mk_compress_x86(uint32_t h[8], const uint8_t *blocks, size_t count) {
    mk_chain chain = mk_chain_load(h);
    for (; count != 0; count--, blocks += MK_BLOCK) mk_chain_one(&chain, blocks);
    __m128i low, high;
    mk_chain_words(&chain, &low, &high);
    _mm_storeu_si128((__m128i *)h, low);
    _mm_storeu_si128((__m128i *)(h + 4), high);
}

/// The first 64 bytes of 0x01 ‖ left ‖ right. Every load reads memory as the children were stored, one byte shifted, so
/// nothing is written and read back (a store-forwarding stall costs more than the loads).
MK_TARGET_INLINE void mk_node_first(const uint8_t *children, __m128i m[4]) {
    m[0] = mk_swap(_mm_or_si128(_mm_slli_si128(mk_load(children), 1), _mm_cvtsi32_si128(0x01)));
#pragma unroll
    for (int i = 1; i < 4; i++) m[i] = mk_swap(mk_load(children + 16 * i - 1));
}

/// The second block: the last byte, the one bit, zeros, and a length of 520 bits.
MK_TARGET_INLINE void mk_node_second(uint8_t last, __m128i m[4]) {
    m[0] = _mm_cvtsi32_si128((int)((uint32_t)last << 24 | 0x00800000u));
    m[1] = m[2] = _mm_setzero_si128();
    m[3] = _mm_set_epi32(520, 0, 0, 0);
}

MK_TARGET static void mk_nodes_x86(const uint8_t *children, size_t count, uint8_t *out) {
    __m128i ma[4], mb[4];
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

/// The node and its sibling never leave the registers: which side is which is a blend, not a branch that would be guessed
/// wrong half of the time, and the shift by one byte is an align of neighbours.
MK_TARGET static void mk_path_x86(const uint8_t *seed, const uint8_t *siblings, size_t count, uint64_t left, uint8_t *out) {
    __m128i node0 = mk_load(seed), node1 = mk_load(seed + 16), m[4];
    for (; count != 0; count--, siblings += MK_DIGEST, left >>= 1) {
        __m128i sibling0 = mk_load(siblings), sibling1 = mk_load(siblings + 16);
        __m128i is_left = _mm_set1_epi32(-(int)(left & 1));
        __m128i left0 = _mm_blendv_epi8(node0, sibling0, is_left), left1 = _mm_blendv_epi8(node1, sibling1, is_left);
        __m128i right0 = _mm_blendv_epi8(sibling0, node0, is_left), right1 = _mm_blendv_epi8(sibling1, node1, is_left);
        m[0] = mk_swap(_mm_or_si128(_mm_slli_si128(left0, 1), _mm_cvtsi32_si128(0x01)));
        m[1] = mk_swap(_mm_alignr_epi8(left1, left0, 15));
        m[2] = mk_swap(_mm_alignr_epi8(right0, left1, 15));
        m[3] = mk_swap(_mm_alignr_epi8(right1, right0, 15));
        mk_chain chain = mk_chain_start();
        mk_words_one(&chain, m);
        mk_node_second((uint8_t)_mm_extract_epi8(right1, 15), m);
        mk_words_one(&chain, m);
        mk_chain_words(&chain, &node0, &node1);
        node0 = mk_swap(node0);
        node1 = mk_swap(node1);
    }
    _mm_storeu_si128((__m128i *)out, node0);
    _mm_storeu_si128((__m128i *)(out + 16), node1);
}

static void mk_jobs_x86(const mk_hash_job *jobs, size_t count);

static const mk_sha256_ops mk_x86_ops = {"sha-ni", mk_compress_x86, mk_jobs_x86, mk_nodes_x86, mk_path_x86};

static void mk_jobs_x86(const mk_hash_job *jobs, size_t count) { mk_lanes_run(&mk_x86_ops, jobs, count); }

const mk_sha256_ops *mk_sha256_x86(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSE4_1) || !(c & bit_SSSE3)) return NULL;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & bit_SHA)) return NULL;
    return &mk_x86_ops;
}

#else

const mk_sha256_ops *mk_sha256_x86(void) { return NULL; }

#endif
