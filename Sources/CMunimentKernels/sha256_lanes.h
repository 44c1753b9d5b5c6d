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
    memset(lane->scratch, 0, MK_BLOCK);
    if (total > MK_BLOCK - 9) memset(lane->scratch + MK_BLOCK, 0, MK_BLOCK);
    lane->scratch[0] = job->tag;
    if (job->head_count != 0) mk_copy_short(lane->scratch + 1, job->head, job->head_count);
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

/// One of the two streams: the message that it hashes, and the next one, already laid out. Laying out early keeps the
/// stores of a short message away from the loads that need them; a load that spans several fresh stores stalls.
typedef struct mk_stream {
    mk_lane *now, *next;
    int has_next;
    mk_chain chain;
} mk_stream;

MK_TARGET static inline void mk_stream_prepare(
    mk_stream *stream, const mk_sha256_ops *ops, const mk_hash_job **jobs, const mk_hash_job *end
) {
    const mk_hash_job *job = mk_take_job(ops, jobs, end);
    stream->has_next = job != NULL;
    if (job != NULL) mk_lane_open(stream->next, job);
}

/// Starts the message that `from` has ready; 0 where it has none.
MK_TARGET static inline int mk_stream_start(mk_stream *stream, mk_stream *from) {
    if (!from->has_next) return 0;
    mk_lane *started = from->next;
    from->next = stream->now;
    from->has_next = 0;
    stream->now = started;
    stream->chain = mk_chain_start();
    return 1;
}

/// Runs the stream's message to its end, alone.
MK_TARGET static inline void mk_stream_finish(mk_stream *stream) {
    mk_lane *lane = stream->now;
    do {
        for (; lane->left != 0; lane->left--, lane->block += MK_BLOCK) mk_chain_one(&stream->chain, lane->block);
    } while (mk_lane_next_run(lane));
    mk_chain_store(&stream->chain, lane->out);
}

/// Ends the current message if no block of it is left, and moves on to the next; 0 where both streams have run dry.
MK_TARGET MK_INLINE int mk_stream_advance(
    mk_stream *stream, mk_stream *other, const mk_sha256_ops *ops, const mk_hash_job **jobs, const mk_hash_job *end
) {
    if (stream->now->left != 0 || mk_lane_next_run(stream->now)) return 1;
    mk_chain_store(&stream->chain, stream->now->out);
    if (mk_stream_start(stream, stream)) {
        mk_stream_prepare(stream, ops, jobs, end);
        return 1;
    }
    return mk_stream_start(stream, other);
}

MK_TARGET static void mk_lanes_run(const mk_sha256_ops *ops, const mk_hash_job *jobs, size_t count) {
    const mk_hash_job *end = jobs + count;
    mk_lane lanes[4];
    mk_stream a = {.now = &lanes[0], .next = &lanes[1]}, b = {.now = &lanes[2], .next = &lanes[3]};
    mk_stream_prepare(&a, ops, &jobs, end);
    if (!mk_stream_start(&a, &a)) return;
    mk_stream_prepare(&b, ops, &jobs, end);
    if (!mk_stream_start(&b, &b)) {
        mk_stream_finish(&a);
        return;
    }
    mk_stream_prepare(&a, ops, &jobs, end);
    mk_stream_prepare(&b, ops, &jobs, end);
    for (;;) {
        size_t common = a.now->left < b.now->left ? a.now->left : b.now->left;
        const uint8_t *a_block = a.now->block, *b_block = b.now->block;
        a.now->left -= common;
        b.now->left -= common;
        a.now->block += common * MK_BLOCK;
        b.now->block += common * MK_BLOCK;
        for (; common != 0; common--, a_block += MK_BLOCK, b_block += MK_BLOCK)
            mk_chain_two(&a.chain, a_block, &b.chain, b_block);
        if (!mk_stream_advance(&a, &b, ops, &jobs, end)) break;
        if (!mk_stream_advance(&b, &a, ops, &jobs, end)) {
            mk_stream_finish(&a);
            return;
        }
    }
    mk_stream_finish(&b);  // Only stores, if b ended together with a.
}

#endif
