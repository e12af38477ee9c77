// SPDX-License-Identifier: BSD-2-Clause
//
//     between --bytes--> inside a frame --its end--> between --zeroes, of gzip--> padding
//
// gzip(1) pads its last member with zeroes on some media, and its readers pass over them. zstd and
// lz4 say themselves where a frame ends, and go on with the next; a skippable one is a frame.
#include "libraries.h"

#include <stdlib.h>
#include <string.h>

struct mbuma_expander {
  enum mbuma_compression compression;
  union mbuma_library library;
  struct zlib_stream zlib;
  /// Of zstd and lz4.
  void *context;
  bool is_between;
  bool is_first;
  bool is_padding;
};

static enum mbuma_stream_state begin(mbuma_expander *e) {
  switch (e->compression) {
  case mbuma_gzip: {
    int result = e->library.zlib.inflateInit2_(
        &e->zlib, zlib_gzip_window, "1", (int)sizeof e->zlib);
    if (result == zlib_memory_error) return mbuma_stream_no_memory;
    return result == zlib_ok ? mbuma_stream_going : mbuma_stream_no_library;
  }
  case mbuma_zstd:
    e->context = e->library.zstd.ZSTD_createDCtx();
    break;
  case mbuma_lz4:
    if (e->library.lz4.LZ4F_isError(
            e->library.lz4.LZ4F_createDecompressionContext(&e->context, lz4_version)))
      e->context = NULL;
    break;
  }
  return e->context ? mbuma_stream_going : mbuma_stream_no_memory;
}

mbuma_expander *mbuma_expander_open(
    enum mbuma_compression compression, const char *library, enum mbuma_stream_state *state) {
  mbuma_expander *e = calloc(1, sizeof *e);
  *state = mbuma_stream_no_memory;
  if (!e) return NULL;
  e->compression = compression;
  e->is_between = e->is_first = true;
  *state = mbuma_load(compression, library, &e->library) ? begin(e) : mbuma_stream_no_library;
  if (*state == mbuma_stream_going) return e;
  free(e);
  return NULL;
}

void mbuma_expander_close(mbuma_expander *e) {
  switch (e->compression) {
  case mbuma_gzip: e->library.zlib.inflateEnd(&e->zlib); break;
  case mbuma_zstd: e->library.zstd.ZSTD_freeDCtx(e->context); break;
  case mbuma_lz4: e->library.lz4.LZ4F_freeDecompressionContext(e->context); break;
  }
  free(e);
}

bool mbuma_expander_is_between_frames(const mbuma_expander *e) { return e->is_between; }

/// Passes over zeroes behind the last member, or begins the next one.
static struct mbuma_stream_step begin_member(
    mbuma_expander *e, const unsigned char *in, size_t count) {
  struct mbuma_stream_step step = {0, 0, mbuma_stream_going};
  if (!e->is_first) {
    while (step.used < count && in[step.used] == 0) step.used++;
    if (step.used > 0) e->is_padding = true;
    if (step.used == count) return step;
    if (e->is_padding || in[step.used] != 0x1f) {
      step.state = mbuma_stream_garbage;
      return step;
    }
    e->library.zlib.inflateReset(&e->zlib);
  }
  e->is_first = e->is_between = false;
  return step;
}

static unsigned at_most(size_t count) { return count < 1u << 30 ? (unsigned)count : 1u << 30; }

static struct mbuma_stream_step expand_gzip(
    mbuma_expander *e, const void *in, size_t in_count, void *out, size_t out_count) {
  if (e->is_between) {
    struct mbuma_stream_step step = begin_member(e, in, in_count);
    if (e->is_between) return step;
  }
  struct zlib_stream *z = &e->zlib;
  unsigned given = at_most(in_count), room = at_most(out_count);
  z->next_in = in;
  z->avail_in = given;
  z->next_out = out;
  z->avail_out = room;
  z->msg = NULL;
  int result = e->library.zlib.inflate(z, zlib_sync_flush);
  struct mbuma_stream_step step = {given - z->avail_in, room - z->avail_out, mbuma_stream_going};
  switch (result) {
  case zlib_ok:
  case zlib_buffer_error: break;
  case zlib_stream_end: e->is_between = true; break;
  case zlib_memory_error: step.state = mbuma_stream_no_memory; break;
  default:
    // "incorrect data check" or "incorrect length check"; that of a header is "header crc mismatch".
    step.state = z->msg && (strstr(z->msg, "data check") || strstr(z->msg, "length check"))
      ? mbuma_stream_wrong_checksum : mbuma_stream_corrupt;
  }
  return step;
}

static struct mbuma_stream_step expand_zstd(
    mbuma_expander *e, const void *in, size_t in_count, void *out, size_t out_count) {
  struct zstd_in from = {in, in_count, 0};
  struct zstd_out to = {out, out_count, 0};
  size_t result = e->library.zstd.ZSTD_decompressStream(e->context, &to, &from);
  struct mbuma_stream_step step = {from.place, to.place, mbuma_stream_going};
  if (!e->library.zstd.ZSTD_isError(result)) {
    if (result == 0) e->is_between = true;
    else if (from.place > 0) e->is_between = false;
    if (result == 0) e->is_first = false;
    return step;
  }
  switch (e->library.zstd.ZSTD_getErrorCode(result)) {
  case zstd_prefix_unknown:
    step.state = e->is_first ? mbuma_stream_corrupt : mbuma_stream_garbage;
    break;
  case zstd_window_too_large: step.state = mbuma_stream_window; break;
  case zstd_checksum_wrong: step.state = mbuma_stream_wrong_checksum; break;
  case zstd_no_memory: step.state = mbuma_stream_no_memory; break;
  default: step.state = mbuma_stream_corrupt;
  }
  return step;
}

static struct mbuma_stream_step expand_lz4(
    mbuma_expander *e, const void *in, size_t in_count, void *out, size_t out_count) {
  size_t used = in_count, made = out_count;
  size_t result = e->library.lz4.LZ4F_decompress(e->context, out, &made, in, &used, NULL);
  if (!e->library.lz4.LZ4F_isError(result)) {
    if (result == 0) e->is_between = true;
    else if (used > 0) e->is_between = false;
    if (result == 0) e->is_first = false;
    return (struct mbuma_stream_step){used, made, mbuma_stream_going};
  }
  // The counts are not set where it fails. Names are those of `LZ4F_errorCodes`, with "ERROR_" in front.
  struct mbuma_stream_step step = {0, 0, mbuma_stream_corrupt};
  const char *name = e->library.lz4.LZ4F_getErrorName(result);
  if (strstr(name, "contentChecksum") || strstr(name, "blockChecksum"))
    step.state = mbuma_stream_wrong_checksum;
  else if (strstr(name, "allocation")) step.state = mbuma_stream_no_memory;
  else if (strstr(name, "frameType") && !e->is_first) step.state = mbuma_stream_garbage;
  return step;
}

struct mbuma_stream_step mbuma_expand(
    mbuma_expander *e, const void *in, size_t in_count, void *out, size_t out_count) {
  // Between frames there is nothing left to come out, and zstd would begin to wait for a frame.
  if (in_count == 0 && e->is_between)
    return (struct mbuma_stream_step){0, 0, mbuma_stream_going};
  switch (e->compression) {
  case mbuma_gzip: return expand_gzip(e, in, in_count, out, out_count);
  case mbuma_zstd: return expand_zstd(e, in, in_count, out, out_count);
  case mbuma_lz4: return expand_lz4(e, in, in_count, out, out_count);
  }
  return (struct mbuma_stream_step){0, 0, mbuma_stream_corrupt};
}
