#include "CMunimentZip.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>

struct mk_zip {
    struct archive *archive;
};

mk_zip *mk_zip_create(int descriptor) {
    mk_zip *zip = malloc(sizeof *zip);
    if (!zip) return NULL;
    zip->archive = archive_write_new();
    if (zip->archive && archive_write_set_format_zip(zip->archive) == ARCHIVE_OK
        && archive_write_set_options(zip->archive, "zip:compression=deflate,zip:hdrcharset=UTF-8") >= ARCHIVE_WARN
        && archive_write_open_fd(zip->archive, descriptor) == ARCHIVE_OK) {
        return zip;
    }
    mk_zip_free(zip);
    return NULL;
}

_Bool mk_zip_begin(mk_zip *zip, const char *name, uint64_t byte_count, int64_t seconds) {
    struct archive_entry *entry = archive_entry_new();
    if (!entry) return 0;
    archive_entry_set_pathname_utf8(entry, name);
    archive_entry_set_size(entry, byte_count > INT64_MAX ? INT64_MAX : (int64_t) byte_count);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_mtime(entry, (time_t) seconds, 0);
    // A warning is of a name or a time, not of lost data.
    int status = archive_write_header(zip->archive, entry);
    archive_entry_free(entry);
    return status >= ARCHIVE_WARN;
}

_Bool mk_zip_write(mk_zip *zip, const void *bytes, size_t count) {
    const char *next = bytes;
    while (count > 0) {
        la_ssize_t written = archive_write_data(zip->archive, next, count);
        if (written <= 0) return 0;
        next += written;
        count -= (size_t) written;
    }
    return 1;
}

_Bool mk_zip_finish(mk_zip *zip) { return archive_write_close(zip->archive) == ARCHIVE_OK; }

const char *mk_zip_failure(mk_zip *zip) {
    const char *reason = archive_error_string(zip->archive);
    return reason ? reason : "libarchive gives no reason";
}

void mk_zip_free(mk_zip *zip) {
    if (!zip) return;
    if (zip->archive) archive_write_free(zip->archive);
    free(zip);
}
