# SPDX-License-Identifier: ISC
"""A syslogd or a service manager for tests: syslogd.py SOCKET FILE

Every datagram becomes a line of FILE, in which \\0 stands for a NUL byte.
With an "@" in front, SOCKET is a name in no file system.
"""
import socket
import sys

log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind("\0" + sys.argv[1][1:] if sys.argv[1][0] == "@" else sys.argv[1])
with open(sys.argv[2], "wb", 0) as out:
    while True:
        out.write(log.recv(65536).replace(b"\0", b"\\0") + b"\n")
