#!/usr/bin/env python3
"""Checks programs for macOS that were linked elsewhere, by what their headers say: from which version on they
run, that they need no library but the system's, and that the half for Apple's own processors is signed.

    scripts/macho.py target/universal2-apple-darwin/dist/chat-server …
"""

import struct
import sys

FAT, THIN = 0xCAFEBABE, 0xFEEDFACF
ARM64, X86_64 = 0x0100000C, 0x01000007
LOAD_DYLIB, LOAD_WEAK_DYLIB, CODE_SIGNATURE, VERSION_MIN, BUILD_VERSION = 0xC, 0x80000018, 0x1D, 0x24, 0x32
OLDEST = "11.0"


def halves(data):
    """The programs for one processor each in a file."""
    (magic, count) = struct.unpack_from(">II", data)
    if magic != FAT:
        return [data]
    rows = [struct.unpack_from(">IIIII", data, 8 + 20 * row) for row in range(count)]
    return [data[offset : offset + size] for _, _, offset, size, _ in rows]


def facts(data):
    """The processor, the oldest system, the libraries, and whether there is a signature."""
    magic, processor, _, _, count = struct.unpack_from("<IIIII", data)
    if magic != THIN:
        sys.exit(f"no program for macOS: it begins with {magic:#x}")
    at, oldest, libraries, is_signed = 32, None, [], False
    for _ in range(count):
        command, size = struct.unpack_from("<II", data, at)
        if command in (LOAD_DYLIB, LOAD_WEAK_DYLIB):
            start = at + struct.unpack_from("<I", data, at + 8)[0]
            libraries.append(data[start : at + size].split(b"\0")[0].decode())
        elif command in (BUILD_VERSION, VERSION_MIN):
            number = struct.unpack_from("<I", data, at + (12 if command == BUILD_VERSION else 8))[0]
            oldest = f"{number >> 16}.{number >> 8 & 255}"
        is_signed |= command == CODE_SIGNATURE
        at += size
    return processor, oldest, libraries, is_signed


for path in sys.argv[1:]:
    with open(path, "rb") as file:
        found = [facts(half) for half in halves(file.read())]
    for processor, oldest, libraries, is_signed in found:
        wrong = [name for name in libraries if name != "/usr/lib/libSystem.B.dylib"]
        if oldest != OLDEST or wrong or (processor == ARM64 and not is_signed):
            sys.exit(f"{path}: from {oldest} on, where {OLDEST} was asked for; signed: {is_signed}; needs {wrong or 'nothing else'}")
    names = {ARM64: "arm64, signed", X86_64: "x86-64"}
    print(f"{path}: {', '.join(names[half[0]] for half in found)}; from macOS {OLDEST} on; needs libSystem only")
