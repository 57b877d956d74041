import asyncio
import json
import random
import ssl
import sys
import time

import websockets
from sapa_api import Api, administrator

base, sapa, part = sys.argv[1:4]
admin = administrator(base)
schema = Api.document.schema("FeedMessage")
url = base.replace("https", "wss") + "/api/v1/live"
tls = ssl.create_default_context()
tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE


def connect(secret=None, path="", **more):
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    return websockets.connect(url + path, ssl=tls, extra_headers=headers, max_size=None, **more)


async def message(socket, seconds=15):
    text = json.loads(await asyncio.wait_for(socket.recv(), seconds))
    schema.validate(text)
    return text


async def refused(secret, first=None):
    try:
        async with connect(secret) as socket:
            if first is not None:
                await socket.send(first)
            await message(socket)
    except (websockets.exceptions.WebSocketException, OSError, asyncio.TimeoutError, EOFError):
        return
    raise AssertionError(f"{secret} {first} was let in")


async def door():
    await refused("sapa_" + "0" * 64)
    await refused(admin.as_role("monitor").token)
    await refused(None, "{}")
    await refused(None, "hello")
    await refused(None, json.dumps({"token": "sapa_" + "0" * 64}))
    await refused(None, json.dumps({"token": admin.token, "n": -1}))
    await refused(None, "x" * 5000)
    async with connect() as socket:  # as a browser does
        await socket.send(json.dumps({"token": admin.token}))
        assert (await message(socket))["type"] == "snapshot"
        await socket.send("more")  # nothing else is wanted
        try:
            while True:
                await message(socket)
        except websockets.exceptions.ConnectionClosed:
            pass
    began = time.monotonic()
    async with connect() as socket:  # who says nothing is shown out
        try:
            await message(socket, 15)
            raise AssertionError("something was said to nobody")
        except websockets.exceptions.ConnectionClosed:
            assert 2 < time.monotonic() - began < 12
    async with connect(admin.token, subprotocols=["sapa.live.v1"]) as socket:
        assert socket.subprotocol == "sapa.live.v1"
        assert (await message(socket))["type"] == "snapshot"


    # who is shown out stays out: not one message more
    made = admin.post("/api/v1/tokens", {"user": "feed-revoked", "role": "viewer"}, 201).json
    async with connect(made["secret"]) as socket:
        assert (await message(socket))["type"] == "snapshot"
        admin.delete(f"/api/v1/tokens/{made['token']['id']}")
        admin.put("/api/v1/switches/closed", {"on": True, "client": "shop"})
        admin.put("/api/v1/switches/closed", {"on": False, "client": "shop"})
        try:
            for _ in range(30):
                seen = await message(socket)
                assert not [e for e in seen["events"] if e["type"] == "switches"], "told after it was revoked"
            raise AssertionError("the subscription of a revoked token goes on")
        except websockets.exceptions.ConnectionClosed:
            pass


class Fold:
    def __init__(self, secret):
        self.secret, self.feed, self.n = secret, None, 0
        self.snapshots = self.messages = self.resumed = 0

    def take(self, text):
        self.messages += 1
        if text["type"] == "snapshot":
            self.snapshots += 1
            self.feed = text["feed"]
            self.state = {kind + "s": {o["id"]: o for o in text[kind + "s"]} for kind in ("contact", "agent", "queue")}
            self.state["standings"] = {o["id"]: o for o in text.get("standings", [])}  # agents get none
            self.state["switches"] = text["switches"]
        else:
            assert text["feed"] == self.feed and text["n"] > self.n
            for event in text["events"]:
                if event["type"] == "switches":
                    self.state["switches"] = event["data"]
                elif event["data"] is None:
                    del self.state[event["type"] + "s"][event["id"]]
                else:
                    assert event["data"]["id"] == event["id"]
                    self.state[event["type"] + "s"][event["id"]] = event["data"]
        self.n = text["n"]

    async def run(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            path = f"?feed={self.feed}&n={self.n}" if self.feed else ""
            before = self.snapshots
            async with connect(self.secret, path) as socket:
                until = min(end, time.monotonic() + random.uniform(0.3, 2))
                while time.monotonic() < until:
                    try:
                        self.take(await message(socket, max(0.05, until - time.monotonic())))
                    except asyncio.TimeoutError:
                        break
            self.resumed += before == self.snapshots

    async def settle(self):
        """Read on until what is folded is what a new subscriber is told."""
        async with connect(self.secret, f"?feed={self.feed}&n={self.n}") as socket:
            for _ in range(100):
                async with connect(self.secret) as other:
                    fresh = Fold(self.secret)
                    fresh.take(await message(other))
                while self.n < fresh.n:
                    try:
                        self.take(await message(socket, 1))
                    except asyncio.TimeoutError:
                        break  # nothing for this view in between
                if self.n <= fresh.n:
                    assert self.state == fresh.state, "drifted"
                    return
        raise AssertionError("never at the same moment")


async def fold():
    folds = [Fold(admin.token), Fold(admin.as_role("viewer").token), Fold(admin.as_role("agent", agent="agent2").token), Fold(admin.as_role("supervisor", clients=["shop"]).token)]
    await asyncio.gather(*(f.run(8) for f in folds))
    for f in folds:
        await f.settle()
    print([(f.messages, f.snapshots, f.resumed) for f in folds])
    assert folds[0].messages > 20 and folds[0].resumed > 0
    assert all(c["agent"] == "agent2" for c in folds[2].state["contacts"].values())
    assert list(folds[2].state["agents"]) == ["agent2"]
    hidden = [c["address"] for c in folds[1].state["contacts"].values() if c["address"]]
    assert all(set(a[:-2]) <= {"*"} for a in hidden)
    live = {a["id"]: a["presence"] for a in admin.get("/api/v1/agents").json["items"]}
    assert {k: v["presence"] for k, v in folds[0].state["agents"].items()} == live


async def guess():
    for _ in range(25):  # who guesses tokens has to wait, whichever door he takes
        await refused("sapa_" + "2" * 64)
    assert admin.raw("GET", "/api/v1/me").status == 429
    await refused(admin.token)


asyncio.run({"door": door, "fold": fold, "guess": guess}[part]())
