// SPDX-License-Identifier: BSD-2-Clause
//
// Levels are those that gzip(1), zstd(1) and lz4(1) have without an option.
#include "libraries.h"

#include <stdlib.h>

struct mbuma_compressor {
  enum mbuma_compression compression;
  union mbuma_library library;
  struct zlib_stream zlib;
  /// Of zstd and lz4.
  void *context;
  /// Whether an lz4 frame's head is out.
  bool has_begun;
};

static const struct lz4_preferences lz4_preferences = {.has_content_checksum = 1};

static enum mbuma_stream_state begin(mbuma_compressor *c) {
  switch (c->compression) {
  case mbuma_gzip: {
    int result = c->library.zlib.deflateInit2_(
        &c->zlib, zlib_default_level, zlib_deflated, zlib_gzip_window, zlib_default_memory, 0, "1",
        (int)sizeof c->zlib);
    if (result == zlib_memory_error) return mbuma_stream_no_memory;
    return result == zlib_ok ? mbuma_stream_going : mbuma_stream_no_library;
  }
  case mbuma_zstd:
    c->context = c->library.zstd.ZSTD_createCCtx();
    if (c->context) c->library.zstd.ZSTD_CCtx_setParameter(c->context, zstd_checksum_flag, 1);
    break;
  case mbuma_lz4:
    if (c->library.lz4.LZ4F_isError(
            c->library.lz4.LZ4F_createCompressionContext(&c->context, lz4_version)))
      c->context = NULL;
    break;
  }
  return c->context ? mbuma_stream_going : mbuma_stream_no_memory;
}

mbuma_compressor *mbuma_compressor_open(
    enum mbuma_compression compression, const char *library, enum mbuma_stream_state *state) {
  mbuma_compressor *c = calloc(1, sizeof *c);
  *state = mbuma_stream_no_memory;
  if (!c) return NULL;
  c->compression = compression;
  *state = mbuma_load(compression, library, &c->library) ? begin(c) : mbuma_stream_no_library;
  if (*state == mbuma_stream_going) return c;
  free(c);
  return NULL;
}

void mbuma_compressor_close(mbuma_compressor *c) {
  switch (c->compression) {
  case mbuma_gzip: c->library.zlib.deflateEnd(&c->zlib); break;
  case mbuma_zstd: c->library.zstd.ZSTD_freeCCtx(c->context); break;
  case mbuma_lz4: c->library.lz4.LZ4F_freeCompressionContext(c->context); break;
  }
  free(c);
}

static struct mbuma_stream_step compress_gzip(
    mbuma_compressor *c, const void *in, size_t in_count, void *out, size_t out_count, bool ends) {
  struct zlib_stream *z = &c->zlib;
  unsigned given = in_count < 1u << 30 ? (unsigned)in_count : 1u << 30;
  unsigned room = out_count < 1u << 30 ? (unsigned)out_count : 1u << 30;
  z->next_in = in;
  z->avail_in = given;
  z->next_out = out;
  z->avail_out = room;
  int result = c->library.zlib.deflate(z, ends && given == in_count ? zlib_finish : zlib_sync_flush);
  struct mbuma_stream_step step = {given - z->avail_in, room - z->avail_out, mbuma_stream_going};
  // Room that is left says that a flush is out.
  bool is_out = ends ? result == zlib_stream_end : z->avail_out > 0;
  if (is_out && step.used == in_count) step.state = mbuma_stream_done;
  return step;
}

static struct mbuma_stream_step compress_zstd(
    mbuma_compressor *c, const void *in, size_t in_count, void *out, size_t out_count, bool ends) {
  struct zstd_in from = {in, in_count, 0};
  struct zstd_out to = {out, out_count, 0};
  size_t left = c->library.zstd.ZSTD_compressStream2(
      c->context, &to, &from, ends ? zstd_end : zstd_flush);
  struct mbuma_stream_step step = {from.place, to.place, mbuma_stream_going};
  if (c->library.zstd.ZSTD_isError(left)) step.state = mbuma_stream_no_memory;
  else if (left == 0 && from.place == in_count) step.state = mbuma_stream_done;
  return step;
}

static struct mbuma_stream_step compress_lz4(
    mbuma_compressor *c, const void *in, size_t in_count, void *out, size_t out_count, bool ends) {
  const struct lz4 *lz4 = &c->library.lz4;
  struct mbuma_stream_step step = {0, 0, mbuma_stream_going};
  size_t result;
  if (!c->has_begun) {
    result = lz4->LZ4F_compressBegin(c->context, out, out_count, &lz4_preferences);
    c->has_begun = true;
  } else if (in_count > 0) {
    // With blocks of 64 KiB what is made of as many bytes, and of a block that waits, fits the room.
    step.used = in_count < 65536 ? in_count : 65536;
    result = lz4->LZ4F_compressUpdate(c->context, out, out_count, in, step.used, NULL);
  } else {
    result = ends ? lz4->LZ4F_compressEnd(c->context, out, out_count, NULL)
                  : lz4->LZ4F_flush(c->context, out, out_count, NULL);
    step.state = mbuma_stream_done;
  }
  // With the room that it has it fails for want of memory alone.
  if (lz4->LZ4F_isError(result)) step.state = mbuma_stream_no_memory;
  else step.made = result;
  return step;
}

struct mbuma_stream_step mbuma_compress(
    mbuma_compressor *c, const void *in, size_t in_count, void *out, size_t out_count, bool ends) {
  switch (c->compression) {
  case mbuma_gzip: return compress_gzip(c, in, in_count, out, out_count, ends);
  case mbuma_zstd: return compress_zstd(c, in, in_count, out, out_count, ends);
  case mbuma_lz4: return compress_lz4(c, in, in_count, out, out_count, ends);
  }
  return (struct mbuma_stream_step){0, 0, mbuma_stream_no_memory};
}
