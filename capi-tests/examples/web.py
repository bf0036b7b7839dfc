"""Python's http.client against the server of web.c on the given port."""

import concurrent.futures
import http.client
import os
import sys

PORT = int(sys.argv[1])
checked = 0


def check(true, what):
    global checked
    if not true:
        sys.exit(f"wrong: {what}")
    checked += 1


def connect():
    return http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)


def ask(client, method, target, body=None, headers={}, **more):
    client.request(method, target, body=body, headers=headers, **more)
    reply = client.getresponse()
    return reply, reply.read()


client = connect()
for method in ["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]:
    reply, body = ask(client, method, "/any?x=y", headers={"X-Test": "a b"})
    check(reply.status == 200 and b"X-Test: a b\n" in body, method)
    check(reply.version == 11 and not reply.will_close, "kept open")
for size in [0, 1, 1000, 16384, 16385, 100000, 3000000]:
    reply, body = ask(client, "GET", f"/size?{size}")
    check(body == b"s" * size, f"{size} bytes")
    reply, body = ask(client, "HEAD", f"/size?{size}")
    check(reply.getheader("Content-Length") == str(size) and body == b"",
          "a head alone")
    sent = os.urandom(size)
    for chunked in [False, True]:
        data = iter([sent[:size // 2], sent[size // 2:]]) if chunked else sent
        reply, body = ask(client, "POST", "/echo", data, encode_chunked=chunked,
                          headers={"Transfer-Encoding": "chunked"} if chunked
                          else {})
        check(body == sent, f"{size} bytes there and back")
reply, body = ask(client, "GET", "/parts")
check(reply.getheader("Transfer-Encoding") == "chunked", "in chunks")
check(body == b"".join(b"part %d\n" % n for n in range(20, 0, -1)), "parts")
reply, body = ask(client, "GET", "/wait")
check(reply.status == 200 and body == b"", "a late reply")
reply, body = ask(client, "DELETE", "/nothing")
check(reply.status == 204 and body == b"", "no content")
reply, body = ask(client, "GET", "/any", headers={"Connection": "close"})
check(reply.will_close, "closed as wished")
reply, body = ask(client, "GET", "/refused")
check(reply.status == 403 and b"<H1>Forbidden</H1>" in body, "a page")
# An upload that is too large is refused while it is sent, and the page is read.
for size in [(4 << 20) + 1, 20 << 20]:
    client = connect()
    try:
        client.request("POST", "/echo", b"b" * size)
    except (BrokenPipeError, ConnectionResetError):
        pass
    check(client.getresponse().status == 413, f"{size} bytes are too many")


def many(number):
    client = connect()
    for i in range(50):
        sent = b"%d %d" % (number, i)
        reply, body = ask(client, "POST", "/echo", sent)
        if body != sent:
            return False
    return True


with concurrent.futures.ThreadPoolExecutor(20) as pool:
    for good in pool.map(many, range(20)):
        check(good, "many clients")
print(checked)
