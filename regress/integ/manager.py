# SPDX-License-Identifier: ISC
"""A service manager's ear: manager.py SOCKET

Prints, for each datagram that comes to that socket, one line: the process ID
of its sender, as the kernel knows it, and its own lines with blanks between.
"""
import socket
import struct
import sys

CREDENTIALS = struct.Struct("iII")


def main():
    ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    ear.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    ear.bind(sys.argv[1])
    while True:
        text, ancillary, _, _ = ear.recvmsg(4096, 4096)
        pid = CREDENTIALS.unpack(ancillary[0][2][:CREDENTIALS.size])[0]
        print(pid, *text.decode().splitlines(), flush=True)


main()
