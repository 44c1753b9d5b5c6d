// Writing ZIP files with libarchive. Its own headers stay behind this one: they bring in the system's, which Swift would then take for theirs.
#ifndef CMUNIMENTZIP_H
#define CMUNIMENTZIP_H

#include <stddef.h>
#include <stdint.h>

/// A ZIP file being written. Owns libarchive's handle, not the descriptor.
typedef struct mk_zip mk_zip;

/// A writer to an open descriptor; NULL without memory or where libarchive refuses.
mk_zip *mk_zip_create(int descriptor);

/// Begins an entry; `name` is UTF-8, `seconds` are since 1970. False on failure, as of all that follow.
_Bool mk_zip_begin(mk_zip *zip, const char *name, uint64_t byte_count, int64_t seconds);

/// The next bytes of the entry.
_Bool mk_zip_write(mk_zip *zip, const void *bytes, size_t count);

/// Writes the directory. Nothing may be added afterwards.
_Bool mk_zip_finish(mk_zip *zip);

/// Why the last call failed; valid until the next.
const char *mk_zip_failure(mk_zip *zip);

/// Frees the writer, finished or not.
void mk_zip_free(mk_zip *zip);

#endif
