"""test/scenario/90-pages: check.py API PART"""
import base64
import gzip
import http.client
import os
import resource
import socket
import sys
import urllib.parse

from sapa_api import Api, bare

base, part = sys.argv[1:3]
address = urllib.parse.urlparse(base)
host = f"{address.hostname}:{address.port}"
V1 = "/api/v1"
nobody = Api(base)
ours = {"Origin": base}


def get(path, **headers):
    return nobody.raw("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})


def pages():
    first = get("/")
    assert first.status == 200 and b"first" in first.body and first.headers["content-type"] == "text/html; charset=utf-8"
    policy = first.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy, policy
    assert first.headers["x-content-type-options"] == "nosniff" and first.headers["referrer-policy"] == "same-origin"
    assert first.headers["cache-control"] == "no-cache" and first.headers["cross-origin-opener-policy"] == "same-origin"
    known = get("/", If_None_Match=first.headers["etag"])
    assert known.status == 304 and known.body == b"" and known.headers["etag"] == first.headers["etag"]
    assert get("/", If_None_Match='"other"').status == 200
    for path in ("/desk", "/desk/", "/desk/contacts/7"):
        assert b"desk" in get(path).body, path
    script = get("/assets/a-1.js")
    assert script.body == b"a" * 40000 and "immutable" in script.headers["cache-control"] and "content-encoding" not in script.headers
    small = get("/assets/a-1.js", Accept_Encoding="gzip")
    assert small.headers["content-encoding"] == "gzip" and gzip.decompress(small.body) == script.body
    assert small.headers["vary"] == "accept-encoding" and small.headers["etag"] != script.headers["etag"]
    for path in ("/nothing", "/stolen.txt", "/assets/", "/assets/a-1.js.gz", "/index.htm", "/%2e%2e/centre.yaml", "/..%2fcentre.yaml",
                 "/assets/..%2f..%2fcentre.yaml", "/desk/%00.html", "//centre.yaml", "/" + "a" * 300, "/desk/%2e%2e/%2e%2e/centre.yaml"):
        assert get(path).status == 404, (path, get(path).status)
    for path in ("/../centre.yaml", "/assets/../../centre.yaml", "/desk/../../centre.yaml"):
        answer = bare(base, f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n")
        assert "clients:" not in answer and " 404 " in answer.split("\r\n")[0] or " 403 " in answer.split("\r\n")[0], answer[:200]
    head = bare(base, f"HEAD / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
    assert " 200 " in head.split("\r\n")[0] and "first" not in head, head
    # the API keeps its paths, and pages have no other methods
    assert nobody.get("/health").json["alive"]
    nobody.get(V1 + "/contacts", 401)
    assert nobody.raw("POST", "/", "x").status in (401, 404, 405)


def crowd():
    """More connections than a process usually may have files."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    there = [socket.create_connection((address.hostname, address.port), timeout=10) for _ in range(700)]
    for one in there[::100] + there[-1:]: # at once, not when others have been idle for too long
        one.settimeout(5)
        one.sendall(f"GET /health HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert b" 200 " in one.recv(4096)
    assert nobody.get("/health").json["alive"]
    for one in there:
        one.close()


def cookie_of(reply):
    name, _, rest = reply.headers["set-cookie"].partition("=")
    value, *attributes = rest.split("; ")
    return name, value, set(attributes)


def log_in(user):
    reply = nobody.post(V1 + "/demo/login", {"user": user, "cookie": True}, 201, ours)
    return reply.json["session"], cookie_of(reply)


def upgrade(path, **headers):
    key = base64.b64encode(os.urandom(16)).decode()
    more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return bare(base, f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
               f"Sec-WebSocket-Version: 13\r\n{more}\r\n").split("\r\n")[0]


def cookies():
    session, (name, secret, attributes) = log_in("agent1")
    assert name == "sapa-" + session and {"HttpOnly", "SameSite=Strict", "Path=/"} <= attributes and secret.startswith("sapa_")
    other, (other_name, other_secret, _) = log_in("agent2")
    both = {"Cookie": f"{name}={secret}; theme=dark; {other_name}={other_secret}"}
    me = {**both, "Sapa-Session": session}
    assert nobody.get(V1 + "/me", **me).json["user"] == "agent1"
    assert nobody.get(V1 + "/me", **{**both, "Sapa-Session": other}).json["user"] == "agent2"
    assert nobody.get(V1 + "/me?session=" + other, **both).json["user"] == "agent2"
    # a cookie says nothing by itself, and a number nothing without its cookie
    nobody.get(V1 + "/me", 401, **both)
    nobody.get(V1 + "/me", 401, **{"Sapa-Session": session})
    nobody.get(V1 + "/me", 401, **{"Cookie": f"{name}={secret}", "Sapa-Session": other})
    nobody.get(V1 + "/me", 401, **{"Cookie": f"{name}={other_secret}", "Sapa-Session": session})
    assert nobody.get(V1 + "/me", **{"Authorization": "Bearer " + secret}).json["user"] == "agent1"
    # what changes anything comes from a page of ours
    state = V1 + "/agents/agent1/state"
    for origin in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": base + "0"}):
        assert "pages of this server" in nobody.post(state, {"state": "ready"}, 403, {**me, **origin}).json["detail"]
    nobody.post(state, {"state": "ready"}, 200, {**me, **ours})
    # WebSockets, too
    cookie = both["Cookie"]
    live = f"{V1}/live?session={session}"
    assert " 101 " in upgrade(live, Cookie=cookie, Origin=base)
    for answer in (upgrade(live, Cookie=cookie, Origin="https://evil.example"), upgrade(live, Cookie=cookie)):
        assert " 101 " not in answer, answer
    # names for the page
    directory = nobody.get(V1 + "/directory", **me).json
    assert directory["queues"][0]["dispositions"][0]["en_name"] == "Solved" and len(directory["agents"]) == 2 and directory["zone"] == "Asia/Jakarta"
    # logged out: the cookie is taken away, and is of no use to who kept it
    gone = nobody.post(V1 + "/logout", None, 200, {**me, **ours})
    assert cookie_of(gone)[1] == "" and "Max-Age=0" in cookie_of(gone)[2]
    nobody.get(V1 + "/me", 401, **me)
    # browsers keep a few; the oldest give way
    jar, newest = {}, ""
    for _ in range(12):
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
        connection.request("POST", V1 + "/demo/login", '{"user": "agent1", "cookie": true}', {**ours, "Cookie": "; ".join(f"{k}={v}" for k, v in jar.items())})
        answer = connection.getresponse()
        assert answer.status == 201, answer.read()
        for line in answer.msg.get_all("set-cookie"):
            key, _, rest = line.partition("=")
            if "Max-Age=0" in line:
                jar.pop(key, None)
            else:
                jar[key], newest = rest.split(";")[0], key
        connection.close()
    assert 2 <= len(jar) <= 6 and newest in jar, jar
    assert nobody.get(V1 + "/me", **{"Cookie": "; ".join(f"{k}={v}" for k, v in jar.items()), "Sapa-Session": newest.split("-")[-1]}).json["user"] == "agent1"


def demo():
    listed = nobody.get(V1 + "/demo").json
    assert {one["id"] for one in listed["items"]} == {"agent1", "agent2"} and listed["name"] == "Test centre"
    token = nobody.post(V1 + "/demo/login", {"user": "agent1"}, 201).json["token"]
    assert Api(base, token).get(V1 + "/me").json["agent"] == "agent1"
    nobody.post(V1 + "/demo/login", {"user": "nobody"}, 400)
    nobody.post(V1 + "/demo/login", {"user": "agent1", "cookie": True}, 403, {"Origin": "https://evil.example"})
    # a name that somebody else's DNS leads here is not this machine
    answer = bare(base, f"GET {V1}/demo HTTP/1.1\r\nHost: evil.example:{address.port}\r\n\r\n")
    assert " 404 " in answer.split("\r\n")[0], answer[:100]
    # who did it stands in the log
    admin = Api(base, open("data/admin.token").read().strip())
    entries = admin.get(V1 + "/audit").json["items"]
    assert [e for e in entries if e["what"] == f"POST {V1}/demo/login" and e["actor"] == "agent1"], entries[-3:]
    assert "sapa_" not in str(entries)


def closed():
    nobody.get(V1 + "/demo", 404)
    nobody.post(V1 + "/demo/login", {"user": "agent1"}, 404)
    assert get("/").status == 401


{"pages": pages, "crowd": crowd, "cookies": cookies, "demo": demo, "closed": closed}[part]()
print("covered:", " ".join(sorted(Api.document.covered)))
