#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Sends datagrams of 1 to 1,400 bytes and demands each back exactly once, byte for byte.

    poke.py ADDRESS PORT COUNT
"""
import socket
import struct
import sys

WINDOW = 32


def payload(number):
    """The bytes of one datagram: its number as far as it fits, then a pattern."""
    size = 1 + number * 7 % 1_400
    pattern = bytes((number + 31 * i) & 0xFF for i in range(min(size, 256)))
    filled = (pattern * (size // len(pattern) + 1))[:size]
    return (struct.pack(">I", number) + filled)[:size] if size >= 8 else filled


def main():
    address, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    # A socket for each place in the window: its one outstanding datagram needs no name.
    sockets = []
    for _ in range(WINDOW):
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.connect((address, port))
        one.settimeout(2)
        sockets.append(one)
    wrong = lost = doubled = 0
    for first in range(0, count, WINDOW):
        batch = range(first, min(count, first + WINDOW))
        for number in batch:
            sockets[number - first].send(payload(number))
        for number in batch:
            try:
                wrong += sockets[number - first].recv(65_536) != payload(number)
            except (TimeoutError, ConnectionRefusedError):
                lost += 1
    for one in sockets:
        one.settimeout(0.01)
        try:
            one.recv(65_536)
            doubled += 1
        except TimeoutError:
            pass
    print(f"{count} sent, {wrong} wrong, {lost} lost, {doubled} doubled")
    return 1 if wrong or lost or doubled else 0


if __name__ == "__main__":
    sys.exit(main())
