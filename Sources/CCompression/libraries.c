// SPDX-License-Identifier: BSD-2-Clause
#include "libraries.h"

#include <dlfcn.h>
#include <string.h>

#if defined(__APPLE__)
static const char *const library_names[] = {"libz.1.dylib", "libzstd.1.dylib", "liblz4.1.dylib"};
#else
static const char *const library_names[] = {"libz.so.1", "libzstd.so.1", "liblz4.so.1"};
#endif

// In the order of the structures' members.
static const char *const zlib_functions[] = {
    "inflateInit2_", "inflate", "inflateReset", "inflateEnd", "deflateInit2_", "deflate",
    "deflateEnd", NULL};
static const char *const zstd_functions[] = {
    "ZSTD_createDCtx", "ZSTD_freeDCtx", "ZSTD_decompressStream", "ZSTD_createCCtx", "ZSTD_freeCCtx",
    "ZSTD_CCtx_setParameter", "ZSTD_compressStream2", "ZSTD_isError", "ZSTD_getErrorCode", NULL};
static const char *const lz4_functions[] = {
    "LZ4F_createDecompressionContext", "LZ4F_freeDecompressionContext", "LZ4F_decompress",
    "LZ4F_createCompressionContext", "LZ4F_freeCompressionContext", "LZ4F_compressBegin",
    "LZ4F_compressUpdate", "LZ4F_flush", "LZ4F_compressEnd", "LZ4F_isError", "LZ4F_getErrorName",
    NULL};
static const char *const *const functions[] = {zlib_functions, zstd_functions, lz4_functions};

_Static_assert(
    sizeof(struct zlib) == sizeof zlib_functions - sizeof(char *)
        && sizeof(struct zstd) == sizeof zstd_functions - sizeof(char *)
        && sizeof(struct lz4) == sizeof lz4_functions - sizeof(char *),
    "a name for each function");

const char *mbuma_library_name(enum mbuma_compression compression) {
  return library_names[compression];
}

bool mbuma_load(
    enum mbuma_compression compression, const char *name, union mbuma_library *library) {
  // Kept for good: dlopen(3) counts, and finds what is loaded by its name.
  void *handle = dlopen(name ? name : library_names[compression], RTLD_NOW | RTLD_LOCAL);
  if (!handle) return false;
  const char *const *names = functions[compression];
  for (size_t index = 0; names[index]; index++) {
    void *function = dlsym(handle, names[index]);
    if (!function) return false;
    memcpy((char *)library + index * sizeof function, &function, sizeof function);
  }
  return true;
}
