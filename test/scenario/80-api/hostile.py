"""What strangers and broken programs send: each connection ends or is answered, and the program goes on."""
import os
import random
import socket
import sys
import threading
import time
import urllib.parse

from sapa_api import Api

base = sys.argv[1]
address = urllib.parse.urlparse(base)
token = open("data/admin.token").read().strip()
random.seed(int(sys.argv[2]) if len(sys.argv) > 2 else 7)
auth = f"Authorization: Bearer {token}\r\n"


def connect():
    return socket.create_connection((address.hostname, address.port), timeout=20)


def exchange(data, close=False, seconds=20):
    got = b""
    with connect() as s:
        try:
            s.sendall(data)
            if close:
                return got
            s.settimeout(seconds)
            while len(got) < 1 << 20:
                more = s.recv(65536)
                if not more:
                    break
                got += more
                if got.count(b"HTTP/1.1") >= data.count(b"HTTP/1.1\r\n") and got.endswith(b"}"):
                    break
        except OSError:
            pass
    return got


def well():
    assert Api(base, token).get("/api/v1/me").status == 200


well()
# what is no request
for _ in range(60):
    exchange(os.urandom(random.randrange(1, 3000)), close=True)
exchange(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(500), seconds=1)
# broken off anywhere
whole = f"PUT /api/v1/switches/surge HTTP/1.1\r\nHost: x\r\n{auth}Content-Length: 11\r\n\r\n".encode() + b'{"on":true}'
for n in range(1, len(whole), 7):
    exchange(whole[:n], close=True)
well()
# several at once in one piece, and one in many pieces
three = f"GET /api/v1/me HTTP/1.1\r\nHost: x\r\n{auth}\r\n".encode() * 3
assert exchange(three).count(b"HTTP/1.1 200") == 3
with connect() as s:
    for byte in whole:
        s.sendall(bytes([byte]))
    assert b"HTTP/1.1 " in s.recv(65536)
# too large, too long, too many
assert b" 200 " not in exchange(f"GET /api/v1/me HTTP/1.1\r\nHost: x\r\n{auth}X: {'y' * 20000}\r\n\r\n".encode(), seconds=1).split(b"\r\n")[0]
assert b" 200 " not in exchange(b"GET /api/v1/" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", seconds=1).split(b"\r\n")[0]
many = "&".join(f"limit={i}" for i in range(100))
assert b" 200 " not in exchange(f"GET /api/v1/contacts?{many} HTTP/1.1\r\nHost: x\r\n{auth}\r\n".encode(), seconds=1).split(b"\r\n")[0]
for path in ("/api/v1/contacts/%00", "/../../etc/passwd", "/api/v1/%2e%2e/%2e%2e/", "/api/v1/contacts?cursor=%ff%fe", "/api/v1/people?phone=%00",
             "/api/v1/recordings/777777771%2f..%2f777777772", "/api/v1/agents/" + "%c3%28", "//", "/?", "/api/v1/agents/%e2%82%ac"):
    reply = exchange(f"GET {path} HTTP/1.1\r\nHost: x\r\n{auth}\r\n".encode(), seconds=2)
    assert not reply or reply.split(b" ")[1][:1] == b"4", (path, reply[:200])
for method in ("HEAD", "OPTIONS", "PATCH", "TRACE", "CONNECT", "BREW"):
    reply = exchange(f"{method} /api/v1/me HTTP/1.1\r\nHost: x\r\n{auth}\r\n".encode(), seconds=1)
    assert b" 200 " not in reply.split(b"\r\n")[0], (method, reply)
for length in ("-1", "x", "99999999999999999999", "1e3", "+5"):
    reply = exchange(f"PUT /api/v1/switches/surge HTTP/1.1\r\nHost: x\r\n{auth}Content-Length: {length}\r\n\r\n".encode() + b'{"on":true}', seconds=1)
    assert b" 200 " not in reply.split(b"\r\n")[0], (length, reply)
well()
# the feed: frames that are none
upgrade = (f"GET /api/v1/live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
           f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n").encode()
for with_token in (True, False):
    for _ in range(25):
        exchange(upgrade + (auth.encode() if with_token else b"") + b"\r\n" + os.urandom(random.randrange(1, 400)), seconds=0.2)
exchange(upgrade.replace(b"/live", b"/me") + auth.encode() + b"\r\n", seconds=1)
well()
# many idle connections, and they go
idle = []
for _ in range(900):
    try:
        idle.append(connect())
    except OSError:
        break
for s in idle:
    s.close()
for _ in range(100):
    try:
        well()
        break
    except (OSError, AssertionError):
        time.sleep(0.1)
well()


# requests whose senders are gone before the answer, from many threads
def rude():
    for _ in range(40):
        with connect() as s:
            s.sendall(f"GET /api/v1/reports/queues HTTP/1.1\r\nHost: x\r\n{auth}\r\n".encode())
        with connect() as s:
            s.sendall(whole)


threads = [threading.Thread(target=rude) for _ in range(4)]
for t in threads:
    t.start()
for t in threads:
    t.join()
well()
print("still well")
