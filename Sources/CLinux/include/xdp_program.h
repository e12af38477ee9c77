// SPDX-License-Identifier: BSD-2-Clause
//
// The program by which an AF_XDP socket receives, six instructions that need no compiler and no library:
//
//     return redirect_map(map, queue of the frame, XDP_PASS)
//
// The map has one socket, at the number of its queue. So every frame of that queue goes to the socket and
// to nobody else, and those of other queues go on as if there were no program.
#ifndef C_LINUX_XDP_PROGRAM_H
#define C_LINUX_XDP_PROGRAM_H

#include <stdint.h>

/// A program that gives a queue's frames to a socket, not yet attached; -1 and errno if there is none.
int mbuma_xdp_load(uint32_t queue, int socket);

/// Attaches a program to an interface, in front of its driver's buffers: a descriptor at whose end it is
/// detached, which is the process's end at the latest; -1 and errno if it cannot be.
int mbuma_xdp_attach(int program, unsigned int interface_index);

#endif
