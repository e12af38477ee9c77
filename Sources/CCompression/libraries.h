// SPDX-License-Identifier: BSD-2-Clause
//
// What is called of the libraries, as their headers of zlib 1.2, zstd 1.4, lz4 1.9 and later have it.
#ifndef MBUMA_LIBRARIES_H
#define MBUMA_LIBRARIES_H

#include "CCompression.h"

/// zlib's `z_stream`, whose byte count zlib checks.
struct zlib_stream {
  const unsigned char *next_in;
  unsigned avail_in;
  unsigned long total_in;
  unsigned char *next_out;
  unsigned avail_out;
  unsigned long total_out;
  const char *msg;
  void *state;
  void *(*zalloc)(void *, unsigned, unsigned);
  void (*zfree)(void *, void *);
  void *opaque;
  int data_type;
  unsigned long adler;
  unsigned long reserved;
};

enum {
  zlib_sync_flush = 2,
  zlib_finish = 4,
  zlib_ok = 0,
  zlib_stream_end = 1,
  zlib_buffer_error = -5,
  zlib_memory_error = -4,
  zlib_default_level = -1,
  zlib_deflated = 8,
  /// A window of 32 KiB, and gzip around it alone.
  zlib_gzip_window = 15 + 16,
  zlib_default_memory = 8,
};

struct zlib {
  int (*inflateInit2_)(struct zlib_stream *, int window, const char *version, int byte_count);
  int (*inflate)(struct zlib_stream *, int flush);
  int (*inflateReset)(struct zlib_stream *);
  int (*inflateEnd)(struct zlib_stream *);
  int (*deflateInit2_)(
      struct zlib_stream *, int level, int method, int window, int memory, int strategy,
      const char *version, int byte_count);
  int (*deflate)(struct zlib_stream *, int flush);
  int (*deflateEnd)(struct zlib_stream *);
};

/// `ZSTD_inBuffer` and `ZSTD_outBuffer`.
struct zstd_in { const void *bytes; size_t count, place; };
struct zstd_out { void *bytes; size_t count, place; };

enum {
  zstd_flush = 1,
  zstd_end = 2,
  zstd_checksum_flag = 201,
  zstd_prefix_unknown = 10,
  zstd_window_too_large = 16,
  zstd_checksum_wrong = 22,
  zstd_no_memory = 64,
};

struct zstd {
  void *(*ZSTD_createDCtx)(void);
  size_t (*ZSTD_freeDCtx)(void *);
  size_t (*ZSTD_decompressStream)(void *, struct zstd_out *, struct zstd_in *);
  void *(*ZSTD_createCCtx)(void);
  size_t (*ZSTD_freeCCtx)(void *);
  size_t (*ZSTD_CCtx_setParameter)(void *, int parameter, int value);
  size_t (*ZSTD_compressStream2)(void *, struct zstd_out *, struct zstd_in *, int end);
  unsigned (*ZSTD_isError)(size_t);
  int (*ZSTD_getErrorCode)(size_t);
};

/// `LZ4F_preferences_t`, all zero but the content's checksum.
struct lz4_preferences {
  int block_bytes, block_mode, has_content_checksum, frame_type;
  unsigned long long content_byte_count;
  unsigned dictionary;
  int has_block_checksums;
  int level;
  unsigned flushes, favours_speed, reserved[3];
};

enum { lz4_version = 100 };

struct lz4 {
  size_t (*LZ4F_createDecompressionContext)(void **, unsigned version);
  size_t (*LZ4F_freeDecompressionContext)(void *);
  size_t (*LZ4F_decompress)(
      void *, void *out, size_t *out_count, const void *in, size_t *in_count, const void *options);
  size_t (*LZ4F_createCompressionContext)(void **, unsigned version);
  size_t (*LZ4F_freeCompressionContext)(void *);
  size_t (*LZ4F_compressBegin)(void *, void *out, size_t, const struct lz4_preferences *);
  size_t (*LZ4F_compressUpdate)(
      void *, void *out, size_t, const void *in, size_t, const void *options);
  size_t (*LZ4F_flush)(void *, void *out, size_t, const void *options);
  size_t (*LZ4F_compressEnd)(void *, void *out, size_t, const void *options);
  unsigned (*LZ4F_isError)(size_t);
  const char *(*LZ4F_getErrorName)(size_t);
};

/// The functions of a loaded library.
union mbuma_library {
  struct zlib zlib;
  struct zstd zstd;
  struct lz4 lz4;
};

/// Loads a library, unless it is; false if it cannot be.
bool mbuma_load(
    enum mbuma_compression compression, const char *name, union mbuma_library *library);

#endif
