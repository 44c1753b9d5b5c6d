// Two-lane driver for jobs, shared by the kernels with SHA instructions. One SHA round waits for the one before, so a
// single message leaves half of the unit idle; two independent messages fill it. Each lane takes the next job as soon as
// its own is done, so both stay busy whatever the mix of lengths, and equal lengths need no sorting.
//
// The including file first defines MK_TARGET and:
//   mk_chain                                                       a chaining value in registers
//   mk_chain mk_chain_start(void)
//   void mk_chain_one(mk_chain *, const uint8_t *block)
//   void mk_chain_two(mk_chain *, const uint8_t *block, mk_chain *, const uint8_t *block)
//   void mk_chain_store(const mk_chain *, uint8_t *out)
#ifndef MK_SHA256_LANES_H
#define MK_SHA256_LANES_H

#include "sha256_internal.h"

/// A message as up to three runs of blocks: built in `scratch`, straight from the body, built in `scratch` again.
typedef struct mk_lane {
    const uint8_t *block;
    size_t left;
    const uint8_t *body_run;
    size_t body_blocks;
    size_t tail_blocks;
    uint8_t *out;
    _Alignas(64) uint8_t scratch[3 * MK_BLOCK];
} mk_lane;

/// Copies `count` bytes, meant for fewer than 128: a library call would cost a fifth of a block.
MK_INLINE void mk_copy_short(uint8_t *target, const uint8_t *source, size_t count) {
    if (count >= 16) {
        for (size_t at = 0; at + 16 <= count; at += 16) memcpy(target + at, source + at, 16);
        memcpy(target + count - 16, source + count - 16, 16);
    } else if (count >= 8) {
        memcpy(target, source, 8);
        memcpy(target + count - 8, source + count - 8, 8);
    } else {
        for (size_t at = 0; at < count; at++) target[at] = source[at];
    }
}

/// Ends a zeroed tail that holds `used` bytes: the one bit, and the bit count of the whole message. Returns its blocks.
MK_INLINE size_t mk_lane_pad(uint8_t *tail, size_t used, size_t total) {
    size_t blocks = used <= MK_BLOCK - 9 ? 1 : 2;
    tail[used] = 0x80;
    mk_store_be64(tail + blocks * MK_BLOCK - 8, (uint64_t)total << 3);
    return blocks;
}

/// Lays out a job whose head has at most 63 bytes.
MK_INLINE void mk_lane_open(mk_lane *lane, const mk_hash_job *job) {
    size_t prefix = 1 + job->head_count;
    size_t total = prefix + job->body_count;
    lane->out = job->out;
    lane->body_blocks = 0;
    lane->tail_blocks = 0;
    lane->block = lane->scratch;
    memset(lane->scratch, 0, 2 * MK_BLOCK);
    lane->scratch[0] = job->tag;
    mk_copy_short(lane->scratch + 1, job->head, job->head_count);
    if (total <= 2 * MK_BLOCK - 9) {
        mk_copy_short(lane->scratch + prefix, job->body, job->body_count);
        lane->left = mk_lane_pad(lane->scratch, total, total);
        return;
    }
    size_t filling = MK_BLOCK - prefix;
    size_t rest = job->body_count - filling;
    mk_copy_short(lane->scratch + prefix, job->body, filling);
    lane->left = 1;
    lane->body_run = job->body + filling;
    lane->body_blocks = rest / MK_BLOCK;
    memset(lane->scratch + 2 * MK_BLOCK, 0, MK_BLOCK);
    mk_copy_short(lane->scratch + MK_BLOCK, lane->body_run + lane->body_blocks * MK_BLOCK, rest % MK_BLOCK);
    lane->tail_blocks = mk_lane_pad(lane->scratch + MK_BLOCK, rest % MK_BLOCK, total);
}

/// Moves to the next run that has blocks; 0 when the message is complete.
MK_INLINE int mk_lane_next_run(mk_lane *lane) {
    if (lane->body_blocks != 0) {
        lane->block = lane->body_run;
        lane->left = lane->body_blocks;
        lane->body_blocks = 0;
        return 1;
    }
    if (lane->tail_blocks != 0) {
        lane->block = lane->scratch + MK_BLOCK;
        lane->left = lane->tail_blocks;
        lane->tail_blocks = 0;
        return 1;
    }
    return 0;
}

/// Hands out the jobs that fit a lane, and hashes the others on the spot.
MK_INLINE const mk_hash_job *mk_take_job(const mk_sha256_ops *ops, const mk_hash_job **next, const mk_hash_job *end) {
    while (*next != end) {
        const mk_hash_job *job = (*next)++;
        if (job->head_count < MK_BLOCK) return job;
        mk_sha256_one_job(ops, job);
    }
    return NULL;
}

/// Runs the last job to its end, alone.
MK_TARGET static inline void mk_lane_finish(mk_lane *lane, mk_chain *chain) {
    do {
        for (; lane->left != 0; lane->left--, lane->block += MK_BLOCK) mk_chain_one(chain, lane->block);
    } while (mk_lane_next_run(lane));
    mk_chain_store(chain, lane->out);
}

MK_TARGET static void mk_lanes_run(const mk_sha256_ops *ops, const mk_hash_job *jobs, size_t count) {
    const mk_hash_job *end = jobs + count;
    const mk_hash_job *a_job = mk_take_job(ops, &jobs, end);
    if (a_job == NULL) return;
    mk_lane a, b;
    mk_lane_open(&a, a_job);
    mk_chain a_chain = mk_chain_start(), b_chain;
    const mk_hash_job *b_job = mk_take_job(ops, &jobs, end);
    if (b_job == NULL) {
        mk_lane_finish(&a, &a_chain);
        return;
    }
    mk_lane_open(&b, b_job);
    b_chain = mk_chain_start();
    for (;;) {
        size_t common = a.left < b.left ? a.left : b.left;
        const uint8_t *a_block = a.block, *b_block = b.block;
        for (size_t i = 0; i < common; i++, a_block += MK_BLOCK, b_block += MK_BLOCK)
            mk_chain_two(&a_chain, a_block, &b_chain, b_block);
        a.block = a_block;
        b.block = b_block;
        a.left -= common;
        b.left -= common;
        if (a.left == 0 && !mk_lane_next_run(&a)) {
            mk_chain_store(&a_chain, a.out);
            if ((a_job = mk_take_job(ops, &jobs, end)) == NULL) break;
            mk_lane_open(&a, a_job);
            a_chain = mk_chain_start();
        }
        if (b.left == 0 && !mk_lane_next_run(&b)) {
            mk_chain_store(&b_chain, b.out);
            if ((b_job = mk_take_job(ops, &jobs, end)) == NULL) {
                mk_lane_finish(&a, &a_chain);
                return;
            }
            mk_lane_open(&b, b_job);
            b_chain = mk_chain_start();
        }
    }
    mk_lane_finish(&b, &b_chain);  // With nothing left in the current run this moves on, or only stores.
}

#endif
