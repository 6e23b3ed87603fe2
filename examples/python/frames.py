#!/usr/bin/env python3
"""A right chat server for a protocol without lines: frames with a length, a kind and a room number.

    python3 frames.py 7100        (or PORT=7100 python3 frames.py)
    chat-lab check --profile frames --command 'python3 examples/python/frames.py {port}'

A frame is a length in two bytes (the higher one first), then so many bytes: one byte kind, one byte room, UTF-8 text.

    from the client                              from the server
    01  come into the room; the text is a name   11  welcome; the text is the names that are there
    02  say the text                             12  said; the text is the name, a zero byte, and what was said
    03  leave                                    13  this name joined      14  this name left
                                                 1e  the server stops      1f  refused; the text says why

A name has 1 to 24 letters and digits, a text at most 4,096 bytes. A client that is in a room and sends 01 with its own
name moves to the room of that frame. A frame that is too long is read to its end and refused.

One thread does everything (asyncio), so there is no lock. What a socket does not take waits in a buffer of that client;
a client for which more than 1 MiB waits is closed.
"""
import asyncio
import os
import signal
import sys

LONGEST_TEXT = 4096
LONGEST_NAME = 24
MOST_WAITING = 1 << 20

clients = set()     # all connections
names = {}          # name -> client


class Client:
    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.name, self.room = None, 0
        self.late = False       # speakers do not wait for this client any more

    def put(self, kind, text):
        if self.writer.transport.is_closing():
            return
        self.late = self.late and self.waiting() > 0
        data = bytes([kind, self.room]) + text
        self.writer.write(len(data).to_bytes(2, "big") + data)
        if self.waiting() > MOST_WAITING:
            self.writer.transport.abort()

    def waiting(self):
        return self.writer.transport.get_write_buffer_size()

    def tell(self, kind, text):
        """To all others in the room of this client."""
        for other in names.values():
            if other.room == self.room and other is not self:
                other.put(kind, text)

    async def frames(self):
        while True:
            size = int.from_bytes(await self.reader.readexactly(2), "big")
            yield await self.reader.readexactly(size)   # at most 64 KiB, so it may be read before it is judged

    async def serve(self):
        clients.add(self)
        try:
            async for frame in self.frames():
                if frame[:1] == b"\x03":
                    break
                self.obey(frame)
                await self.wait_for_late_ones()
        except (OSError, asyncio.IncompleteReadError):
            pass                # the end, also in the middle of a frame, or a reset
        await self.leave()

    def obey(self, frame):
        kind, text = frame[:1], frame[2:]
        try:
            decoded = text.decode()
        except UnicodeDecodeError:
            return self.put(0x1F, b"this is not UTF-8")
        if kind == b"\x01" and len(frame) > 1:
            self.come_in(text, decoded, frame[1])
        elif kind != b"\x02" or self.name is None:
            self.put(0x1F, b"come into a room first: kind 01, a room, a name")
        elif len(text) > LONGEST_TEXT:
            self.put(0x1F, b"a text has at most %d bytes" % LONGEST_TEXT)
        elif text:
            self.tell(0x12, self.name + b"\0" + text)

    def come_in(self, name, decoded, room):
        if not 1 <= len(decoded) <= LONGEST_NAME or not decoded.isalnum():
            return self.put(0x1F, b"a name has 1 to %d letters and digits" % LONGEST_NAME)
        if names.get(name, self) is not self or self.name not in (None, name):
            return self.put(0x1F, b"this name is taken, or you have another one")
        if self.name is not None:
            self.tell(0x14, name)
        self.name, self.room, names[name] = name, room, self
        self.tell(0x13, name)
        self.put(0x11, b" ".join(n for n, c in names.items() if c.room == room and c is not self))

    async def wait_for_late_ones(self):
        """A burst must not throw out a client that reads; and a deaf client is waited for only once, for a moment."""
        for _ in range(20):
            late = [c for c in names.values() if c.waiting() > MOST_WAITING // 2 and not c.late]
            if not late:
                return
            await asyncio.sleep(0.01)
        for client in late:
            client.late = True

    async def leave(self):
        if self.name is not None:
            del names[self.name]
            self.tell(0x14, self.name)
        self.writer.close()     # after what waits has been sent
        try:
            await asyncio.wait_for(self.writer.wait_closed(), 1)
        except (OSError, asyncio.TimeoutError):
            self.writer.transport.abort()
        clients.discard(self)


async def main():
    port = int(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("PORT", 7100))
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    server = await asyncio.start_server(lambda r, w: Client(r, w).serve(), "127.0.0.1", port, backlog=128)
    print("frames.py: listening on port", port, file=sys.stderr)
    await stopping.wait()
    server.close()
    for client in clients:
        client.put(0x1E, b"the server stops")
        client.writer.close()
    for _ in range(100):        # a client that does not read is not waited for longer than one second
        if not clients:
            break
        await asyncio.sleep(0.01)
    for client in clients:
        client.writer.transport.abort()


if __name__ == "__main__":
    asyncio.run(main())
