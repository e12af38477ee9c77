// SPDX-License-Identifier: BSD-2-Clause
//
// Compressed bytes, by the libraries of the system: zlib for gzip (RFC 1952), libzstd (RFC 8878) and
// liblz4 (the lz4 frame format).
//
// The libraries are loaded when the first file that needs one is met, by dlopen(3), and never let go.
// So this package builds where their headers are not, a program runs where a library is not, and who
// never meets a compressed file pays nothing. What is called has had one binary interface for as long
// as the numbers in the libraries' names; it is declared in libraries.h, which also has `z_stream`.
// This is C because that structure and functions found by name are.
//
// A stream, either way, is fed and emptied in steps, and keeps no pointer to what a step was given:
//
//     step:  used <= in_byte_count,  made <= out_byte_count
//
// Nothing here reads, writes or waits. What a library allocates for a stream it does when that begins
// or, for zstd and lz4, at the head of a frame: up to that frame's window, 128 MiB at most.
#ifndef CCOMPRESSION_H
#define CCOMPRESSION_H

#include <stdbool.h>
#include <stddef.h>

/// How bytes are compressed.
enum mbuma_compression { mbuma_gzip, mbuma_zstd, mbuma_lz4 };

/// How a step or a beginning went.
enum mbuma_stream_state {
  /// It went on, as far as bytes and room went.
  mbuma_stream_going,
  /// All that was given is out, and the stream flushed or ended; of compressing alone.
  mbuma_stream_done,
  /// The bytes cannot be expanded.
  mbuma_stream_corrupt,
  /// They were, and a checksum or a length says that they are others than those that were compressed.
  mbuma_stream_wrong_checksum,
  /// Bytes behind the last frame are no frame.
  mbuma_stream_garbage,
  /// A frame wants a larger window than is had.
  mbuma_stream_window,
  /// There is no memory.
  mbuma_stream_no_memory,
  /// The library cannot be loaded, or lacks a function.
  mbuma_stream_no_library,
};

/// What a step did.
struct mbuma_stream_step {
  /// Bytes taken from the input.
  size_t used;
  /// Bytes put into the output.
  size_t made;
  enum mbuma_stream_state state;
};

/// The name that a library is loaded by.
const char *_Nonnull mbuma_library_name(enum mbuma_compression compression);

/// Bytes that are expanded, frame behind frame, which RFC 1952 calls members.
typedef struct mbuma_expander mbuma_expander;

/// Begins expanding; NULL, with `state`, if it cannot.
///
/// `library` is loaded in place of the one by that compression's name, unless it is NULL.
mbuma_expander *_Nullable mbuma_expander_open(
    enum mbuma_compression compression, const char *_Nullable library,
    enum mbuma_stream_state *_Nonnull state);

/// Expands some bytes. A step that uses nothing and makes nothing wants more of them.
struct mbuma_stream_step mbuma_expand(
    mbuma_expander *_Nonnull expander, const void *_Nonnull in, size_t in_byte_count,
    void *_Nonnull out, size_t out_byte_count);

/// Whether the bytes used so far end where a frame does.
bool mbuma_expander_is_between_frames(const mbuma_expander *_Nonnull expander);

void mbuma_expander_close(mbuma_expander *_Nonnull expander);

/// Bytes that are compressed into one frame, with a checksum.
typedef struct mbuma_compressor mbuma_compressor;

/// The least room that a step of compressing may have.
enum { mbuma_compressor_room = 262144 };

/// Begins compressing; as for expanding.
mbuma_compressor *_Nullable mbuma_compressor_open(
    enum mbuma_compression compression, const char *_Nullable library,
    enum mbuma_stream_state *_Nonnull state);

/// Compresses some bytes, and then flushes: what was given so far can be expanded from what was
/// made. `ends` ends the frame in its place.
///
/// To be called again with what it did not use, if it is not `mbuma_stream_done`.
struct mbuma_stream_step mbuma_compress(
    mbuma_compressor *_Nonnull compressor, const void *_Nullable in, size_t in_byte_count,
    void *_Nonnull out, size_t out_byte_count, bool ends);

void mbuma_compressor_close(mbuma_compressor *_Nonnull compressor);

#endif
