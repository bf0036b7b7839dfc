"""Talks to the server of websocket.c on the given port, by a library of its own
and byte by byte. Ends with a count of what was checked."""

import asyncio
import os
import socket
import struct
import sys

import websockets

PORT = int(sys.argv[1])
URI = f"ws://127.0.0.1:{PORT}/"
PATIENCE = 60
checked = 0


def check(true, what):
    global checked
    if not true:
        sys.exit(f"wrong: {what}")
    checked += 1


# By the library.


async def conversation():
    async with websockets.connect(URI, compression=None, max_size=None) as ws:
        for message in ["", "hello", "κόσμε \U0010ffff", "x" * 125, "x" * 126,
                        "y" * 65535, "z" * 65536, "w" * 3000000,
                        b"", b"\0\xff", os.urandom(70000), os.urandom(10 << 20)]:
            await ws.send(message)
            check(await ws.recv() == message, f"echo of {len(message)}")
        for parts in [["a", "b"], ["", "x", ""], ["κ"] * 100, [b"1", b"", b"2"],
                      [os.urandom(1000) for _ in range(50)]]:
            await ws.send(parts)
            check(await ws.recv() == type(parts[0])().join(parts), "fragments")
        for _ in range(20):
            pong = await ws.ping(os.urandom(125))
            await asyncio.wait_for(pong, PATIENCE)
            check(True, "pong")
        await ws.send("later")
        check(await ws.recv() == "it is later", "sent by a timer")
    check(ws.close_code == 1000, "closed by us")
    for order, code in [("close", 1000), ("free", 1006)]:
        async with websockets.connect(URI, compression=None) as ws:
            await ws.send(order)
            try:
                await ws.recv()
                check(False, "there is no message")
            except websockets.ConnectionClosed:
                check(ws.close_code == code, f"{order} gives {ws.close_code}")


async def many():
    async def one(number):
        async with websockets.connect(URI, compression=None) as ws:
            for i in range(20):
                message = f"{number} {i} " + "m" * (number * i)
                await ws.send(message)
                check(await ws.recv() == message, "one of many")
    await asyncio.gather(*(one(number) for number in range(40)))


async def protocols():
    async with websockets.connect(URI, subprotocols=["chat", "other"]) as ws:
        check(ws.subprotocol == "chat", "the first protocol is chosen")


# By bytes.

HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n"
    b"Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
ACCEPT = b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"


def frame(first, payload=b"", mask=b"abcd", length=None):
    size = len(payload) if length is None else length
    if size < 126:
        head = bytes([first, 0x80 | size])
    elif size < 65536:
        head = bytes([first, 0x80 | 126]) + struct.pack(">H", size)
    else:
        head = bytes([first, 0x80 | 127]) + struct.pack(">Q", size)
    return head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))


TEXT, BINARY, CLOSE, PING, PONG = 0x81, 0x82, 0x88, 0x89, 0x8A


class Raw:
    def __init__(self, more=b"", handshake=HANDSHAKE):
        self.socket = socket.create_connection(("127.0.0.1", PORT))
        self.socket.settimeout(PATIENCE)
        self.socket.sendall(handshake + more)
        self.bytes = b""
        while b"\r\n\r\n" not in self.bytes:
            if not self.more():
                break
        self.head, _, self.bytes = self.bytes.partition(b"\r\n\r\n")
        self.head += b"\r\n"

    def more(self):
        try:
            got = self.socket.recv(65536)
        except ConnectionResetError:
            got = b""
        self.bytes += got
        return got

    def send(self, data):
        self.socket.sendall(data)

    def take(self, count):
        while len(self.bytes) < count:
            if not self.more():
                return None
        taken, self.bytes = self.bytes[:count], self.bytes[count:]
        return taken

    def frame(self):
        """The next frame; None at the end."""
        head = self.take(2)
        if head is None:
            return None
        size = head[1]
        if size == 126:
            size = struct.unpack(">H", self.take(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", self.take(8))[0]
        return head[0], self.take(size)

    def expect(self, first, payload, what):
        got = self.frame()
        check(got == (first, payload), f"{what}: {got}")

    def expect_failure(self, code, what):
        self.expect(CLOSE, struct.pack(">H", code), what)
        self.expect_end(what)

    def expect_end(self, what):
        got = self.frame()
        check(got is None, f"{what}: {got} behind the close frame")
        self.socket.close()

    def close(self):
        self.send(frame(CLOSE, struct.pack(">H", 1000)))
        self.expect(CLOSE, struct.pack(">H", 1000), "close is answered")
        self.expect_end("after both have closed")


def refused_handshakes():
    lines = HANDSHAKE.split(b"\r\n")
    for missing, status in [(b"Upgrade:", b"400"), (b"Connection:", b"400"),
                            (b"Sec-WebSocket-Key:", b"400"),
                            (b"Sec-WebSocket-Version:", b"426")]:
        rest = [line for line in lines if not line.startswith(missing)]
        raw = Raw(handshake=b"\r\n".join(rest))
        check(raw.head.startswith(b"HTTP/1.1 " + status), raw.head)
        if status == b"426":
            check(b"Sec-WebSocket-Version: 13\r\n" in raw.head, raw.head)
        raw.socket.close()
    for old, new, status in [
            (b"GET /", b"POST /", b"400"),
            (b"HTTP/1.1", b"HTTP/1.0", b"400"),
            (b"Version: 13", b"Version: 8", b"426"),
            (b"dGhlIHNhbXBsZSBub25jZQ==", b"dGhlIHNhbXBsZQ==", b"400"),
            (b"dGhlIHNhbXBsZSBub25jZQ==", b"dGhlIHNhbXBsZSBub25jZSBh", b"400"),
    ]:
        raw = Raw(handshake=HANDSHAKE.replace(old, new))
        check(raw.head.startswith(b"HTTP/1.") and raw.head[9:12] == status, raw.head)
        raw.socket.close()


def handshakes():
    raw = Raw()
    check(raw.head.startswith(b"HTTP/1.1 101 Switching Protocols\r\n"), raw.head)
    check(ACCEPT in raw.head, raw.head)
    check(b"Content-Length" not in raw.head, raw.head)
    raw.close()
    # The first frames in the same segment.
    raw = Raw(frame(TEXT, b"at once") + frame(PING, b"p"))
    raw.expect(TEXT, b"at once", "with the handshake")
    raw.expect(PONG, b"p", "with the handshake")
    raw.close()


def fragments():
    raw = Raw()
    raw.send(frame(0x01, b"one "))
    raw.send(frame(PING, b"between"))
    raw.send(frame(0x00, b"two "))
    raw.send(frame(PONG, b"unasked"))
    raw.send(frame(0x80, b"three"))
    raw.expect(PONG, b"between", "a ping between fragments")
    raw.expect(TEXT, b"one two three", "three fragments")
    text = "κόσμε \U0010ffff".encode()
    for cut in range(len(text) + 1):
        raw.send(frame(0x01, text[:cut]) + frame(0x80, text[cut:]))
        raw.expect(TEXT, text, "a character in two fragments")
    # Byte by byte.
    for byte in frame(0x01, b"sl") + frame(PING, b"x") + frame(0x80, b"ow"):
        raw.send(bytes([byte]))
    raw.expect(PONG, b"x", "a slow ping")
    raw.expect(TEXT, b"slow", "a slow message")
    # As many as fit into a message.
    for i in range(20000):
        raw.send(frame(0x02 if i == 0 else 0x00, b"abc"))
    raw.send(frame(0x80))
    raw.expect(BINARY, b"abc" * 20000, "20000 fragments")
    for number in range(10):
        raw.send(frame(PING, bytes([number])))
    for number in range(10):
        raw.expect(PONG, bytes([number]), "pings in order")
    raw.close()


def failures():
    utf8 = [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80",
            b"ok\xce\xba\xe1", b"\xf8\x88\x80\x80\x80"]
    cases = [(1007, [frame(TEXT, text)], f"text {text}") for text in utf8]
    cases += [
        # Fails at once, not at the end.
        (1007, [frame(0x01, b"\xf4\x90")], "text that can't become any"),
        (1002, [frame(0xC1)], "a reserved bit"),
        (1002, [frame(0xA1)], "a reserved bit"),
        (1002, [frame(0x91)], "a reserved bit"),
        (1002, [frame(0x83)], "a reserved opcode"),
        (1002, [frame(0x8B)], "a reserved opcode"),
        (1002, [frame(0x80, b"x")], "a continuation of nothing"),
        (1002, [frame(0x00, b"x")], "a continuation of nothing"),
        (1002, [frame(0x01, b"x"), frame(TEXT, b"y")], "a message in another"),
        (1002, [frame(0x09, b"x")], "a ping in fragments"),
        (1002, [frame(PING, b"x" * 126)], "a long ping"),
        (1002, [frame(CLOSE, b"\x03")], "half a code"),
        (1002, [frame(CLOSE, struct.pack(">H", 999))], "code 999"),
        (1002, [frame(CLOSE, struct.pack(">H", 1005))], "code 1005"),
        (1002, [frame(CLOSE, struct.pack(">H", 2000))], "code 2000"),
        (1007, [frame(CLOSE, struct.pack(">H", 1000) + b"\xff")], "a reason"),
        (1002, [b"\x81\x05hello"], "no mask"),
        (1009, [frame(BINARY, length=(10 << 20) + 1)], "too large a message"),
        (1009, [frame(BINARY, length=1 << 62)], "far too large a message"),
        (1002, [frame(BINARY, length=1 << 63)], "a length of 64 bits"),
        (1009, [frame(0x02, b"x" * 100), frame(0x80, length=10 << 20)],
         "too large together"),
    ]
    for code, frames, what in cases:
        raw = Raw(b"".join(frames) + frame(TEXT, b"never answered"))
        raw.expect_failure(code, what)


def is_text(data):
    try:
        data.decode()
        return True
    except UnicodeDecodeError:
        return False


def texts():
    """Each byte of a text changed, whole, in two fragments and byte by byte."""
    good = "aκ€\U0001f600z".encode()
    pieces = [lambda text, cut: [text], lambda text, cut: [text[:cut], text[cut:]],
              lambda text, cut: [bytes([byte]) for byte in text]]
    for place in range(len(good)):
        for byte in [0x01, 0x80, 0xbf, 0xc0, 0xc3, 0xe0, 0xed, 0xf0, 0xf5, 0xff]:
            text = good[:place] + bytes([byte]) + good[place + 1:]
            for split in pieces:
                parts = split(text, place)
                last = len(parts) - 1
                raw = Raw(b"".join(
                    frame((0x80 if i == last else 0) | (0 if i else 1), part)
                    for i, part in enumerate(parts)))
                what = f"{text} in {len(parts)}"
                if is_text(text):
                    raw.expect(TEXT, text, what)
                    raw.close()
                else:
                    raw.expect_failure(1007, what)
    # It fails as soon as no end could make it text, and not sooner.
    for start, end in [(b"\xce", b"\xba"), (b"\xe2\x82", b"\xac"),
                       (b"\xf0\x9f\x98", b"\x80"), (b"\xed\x9f", b"\xbf")]:
        raw = Raw(frame(0x01, b"x" + start) + frame(PING, b"p"))
        raw.expect(PONG, b"p", f"{start} may go on")
        raw.send(frame(0x80, end))
        raw.expect(TEXT, b"x" + start + end, f"{start} goes on")
        raw.close()
        raw = Raw(frame(0x01, start) + frame(0x00, b"x"))
        raw.expect_failure(1007, f"{start} does not go on")


def close_codes():
    good = {*range(1000, 1004), *range(1007, 1015), 3000, 3999, 4000, 4999}
    bad = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535]
    for code in [*good, *bad]:
        payload = struct.pack(">H", code)
        raw = Raw(frame(CLOSE, payload))
        expected = payload if code in good else struct.pack(">H", 1002)
        raw.expect(CLOSE, expected, f"code {code}")
        raw.expect_end(f"code {code}")
    for code, frames, what in [
            (1002, [frame(CLOSE, struct.pack(">H", 1000) + b"r" * 124)], "long"),
            (1002, [frame(0x08, struct.pack(">H", 1000))], "a part of a close"),
            (1000, [frame(CLOSE, struct.pack(">H", 1000))] * 2, "twice"),
            (1000, [frame(CLOSE, struct.pack(">H", 1000)), frame(PING, b"x")],
             "a ping behind it"),
            (1000, [frame(0x01, b"part"), frame(CLOSE, struct.pack(">H", 1000)),
                    frame(0x80, b"rest")], "in a message"),
    ]:
        raw = Raw(b"".join(frames))
        raw.expect(CLOSE, struct.pack(">H", code), what)
        raw.expect_end(what)


def controls():
    raw = Raw()
    for size in range(126):
        raw.send(frame(PING, bytes(range(size))))
        raw.expect(PONG, bytes(range(size)), f"a ping of {size}")
    raw.send(frame(PONG, b"unasked") * 1000)
    # Between all fragments.
    raw.send(frame(0x01, b"a"))
    for number in range(200):
        raw.send(frame(PING, bytes([number])) + frame(PONG) + frame(0x00, b"b"))
    for number in range(200):
        raw.expect(PONG, bytes([number]), "between fragments")
    raw.send(frame(0x80, b"c"))
    raw.expect(TEXT, b"a" + b"b" * 200 + b"c", "many fragments")
    raw.close()
    # Lengths that could be said shorter.
    for head in [b"\x81\xfe\x00\x05", b"\x81\xff" + struct.pack(">Q", 5),
                 b"\x81\xff" + struct.pack(">Q", 65535),
                 b"\x89\xfe\x00\x05"]:
        raw = Raw(head + b"abcd" + b"12345")
        raw.expect_failure(1002, f"the length in {head}")


def floods():
    """A client that sends for ever and reads nothing: what it is owed has a limit."""
    raw = Raw()
    raw.send(frame(PING, b"p" * 125) * 200000)
    raw.send(frame(TEXT, b"end"))
    pongs = 0
    while (got := raw.frame()) == (PONG, b"p" * 125):
        pongs += 1
    check(got == (TEXT, b"end"), f"after a flood: {got}")
    check(0 < pongs < 200000, f"{pongs} pongs wait")
    raw.close()
    # Frames of nothing are not for ever, either.
    raw = Raw(frame(0x01) + frame(0x00) * 140000)
    raw.expect_failure(1009, "a message of empty fragments")


def closes():
    for payload in [b"", struct.pack(">H", 1001), struct.pack(">H", 3000),
                    struct.pack(">H", 4999) + "grüße".encode(),
                    struct.pack(">H", 1000) + b"r" * 123]:
        raw = Raw(frame(CLOSE, payload) + frame(TEXT, b"behind"))
        raw.expect(CLOSE, payload[:2], "a close frame is answered")
        raw.expect_end("after both have closed")
    # The server closes first; what still comes is no message any more.
    raw = Raw(frame(TEXT, b"close"))
    raw.expect(CLOSE, struct.pack(">H", 1000), "the server closes")
    raw.send(frame(TEXT, b"too late") + frame(CLOSE, struct.pack(">H", 1000)))
    raw.expect_end("after both have closed")
    # A client that never answers.
    raw = Raw(frame(TEXT, b"close"))
    raw.expect(CLOSE, struct.pack(">H", 1000), "the server closes")
    raw.expect_end("a client that does not close")


def rude():
    """Clients that are gone in the middle of something."""
    for more in [b"", frame(TEXT, b"x" * 1000)[:500], frame(0x01, b"part"),
                 frame(TEXT, b"x" * 100000) * 20]:
        for linger in [None, struct.pack("ii", 1, 0)]:
            raw = Raw()
            raw.send(more)
            if linger:
                raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            raw.socket.close()
    # The server sees that only this one is left.
    raw = Raw()
    while True:
        raw.send(frame(TEXT, b"sessions"))
        got = raw.frame()
        if got == (TEXT, b"1"):
            check(True, "one session is left")
            break
    raw.close()


refused_handshakes()
handshakes()
asyncio.run(conversation())
asyncio.run(many())
asyncio.run(protocols())
fragments()
failures()
texts()
close_codes()
controls()
floods()
closes()
rude()
print(checked)
