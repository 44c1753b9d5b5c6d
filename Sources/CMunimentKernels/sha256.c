// The public SHA-256 calls: choice of the kernel, once a process, and the incremental form over `compress`.
#include "sha256_internal.h"

#include <stdatomic.h>

_Alignas(64) const uint32_t mk_sha256_k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

_Alignas(32) const uint32_t mk_sha256_iv[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

/// The kernel in use; every thread that finds it empty computes the same value.
static _Atomic(const mk_sha256_ops *) mk_current;

static const mk_sha256_ops *mk_ops(void) {
    const mk_sha256_ops *ops = atomic_load_explicit(&mk_current, memory_order_relaxed);
    if (ops != NULL) return ops;
    if ((ops = mk_sha256_x86()) == NULL && (ops = mk_sha256_arm()) == NULL) ops = mk_sha256_portable();
    atomic_store_explicit(&mk_current, ops, memory_order_relaxed);
    return ops;
}

int mk_sha256_use_kernel(const char *name) {
    const mk_sha256_ops *known[] = {mk_sha256_x86(), mk_sha256_arm(), mk_sha256_portable()};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (known[i] == NULL || strcmp(known[i]->name, name) != 0) continue;
        atomic_store_explicit(&mk_current, known[i], memory_order_relaxed);
        return 1;
    }
    return 0;
}

const char *mk_sha256_kernel(void) { return mk_ops()->name; }

void mk_sha256_jobs(const mk_hash_job *jobs, size_t count) { mk_ops()->jobs(jobs, count); }

void mk_sha256_nodes(const uint8_t *children, size_t count, uint8_t *out) { mk_ops()->nodes(children, count, out); }

void mk_sha256_path(const uint8_t *seed, const uint8_t *siblings, size_t count, uint64_t left, uint8_t *out) {
    mk_ops()->path(seed, siblings, count, left, out);
}

void mk_sha256_init(mk_sha256_state *state) {
    memcpy(state->h, mk_sha256_iv, sizeof state->h);
    state->byte_count = 0;
}

static void mk_update(const mk_sha256_ops *ops, mk_sha256_state *state, const uint8_t *bytes, size_t count) {
    if (count == 0) return;
    size_t held = state->byte_count % MK_BLOCK;
    state->byte_count += count;
    if (held != 0) {
        size_t room = MK_BLOCK - held;
        size_t taken = count < room ? count : room;
        memcpy(state->block + held, bytes, taken);
        if (taken < room) return;
        ops->compress(state->h, state->block, 1);
        bytes += taken;
        count -= taken;
    }
    size_t whole = count / MK_BLOCK;
    if (whole != 0) ops->compress(state->h, bytes, whole);
    memcpy(state->block, bytes + whole * MK_BLOCK, count % MK_BLOCK);
}

static void mk_final(const mk_sha256_ops *ops, mk_sha256_state *state, uint8_t *out) {
    uint8_t tail[2 * MK_BLOCK] = {0};
    size_t held = state->byte_count % MK_BLOCK;
    size_t blocks = held <= MK_BLOCK - 9 ? 1 : 2;
    memcpy(tail, state->block, held);
    tail[held] = 0x80;
    mk_store_be64(tail + blocks * MK_BLOCK - 8, state->byte_count << 3);
    ops->compress(state->h, tail, blocks);
    for (int i = 0; i < 8; i++) mk_store_be32(out + 4 * i, state->h[i]);
}

void mk_sha256_update(mk_sha256_state *state, const uint8_t *bytes, size_t count) {
    mk_update(mk_ops(), state, bytes, count);
}

void mk_sha256_final(mk_sha256_state *state, uint8_t *out) { mk_final(mk_ops(), state, out); }

void mk_sha256(const uint8_t *bytes, size_t count, uint8_t *out) {
    const mk_sha256_ops *ops = mk_ops();
    mk_sha256_state state;
    mk_sha256_init(&state);
    mk_update(ops, &state, bytes, count);
    mk_final(ops, &state, out);
}

void mk_sha256_one_job(const mk_sha256_ops *ops, const mk_hash_job *job) {
    mk_sha256_state state;
    mk_sha256_init(&state);
    mk_update(ops, &state, &job->tag, 1);
    mk_update(ops, &state, job->head, job->head_count);
    mk_update(ops, &state, job->body, job->body_count);
    mk_final(ops, &state, job->out);
}
