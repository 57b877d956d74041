# The API of wallboards and standings: every reply is held against the OpenAPI document by sapa_api.
import sqlite3
import sys

from sapa_api import Api, administrator, wait

admin = administrator(sys.argv[1])
V1 = "/api/v1"


def tile(scope="all", key=None, figure="waiting", period="now", warn=None, bad=None):
    return {"scope": scope, "key": key, "figure": figure, "period": period, "warn": warn, "bad": bad}


def board(*tiles, title="Lantai 2", **more):
    return {"title": title, "seconds": 20, "pages": [{"title": "Satu", "tiles": list(tiles)}], **more}


# the dictionary is nobody's secret, and is that of reports
figures = {f["id"]: f for f in Api(sys.argv[1]).get(V1 + "/figures").json["items"]}
assert figures["service_level_1"]["formula"] and figures["service_level_1"]["unit"] == "ratio", figures["service_level_1"]
live = {f for f in figures if figures[f]["live"]}
# standings: what the queues say, joined
standings = {s["id"]: s for s in admin.get(V1 + "/standings").json["items"]}
queues = admin.get(V1 + "/queues").json["items"]
assert set(standings) == {"all"} | {"client:" + c for c in ("toko", "bank")} | {"queue:" + q["id"] for q in queues} | {"team:toko", "team:bank"}
assert standings["team:toko"]["today"]["offered"] is None and standings["team:toko"]["today"]["handled"] is not None
assert set(standings["all"]["today"]) == live, live ^ set(standings["all"]["today"])
for period in ("today", "recent"):
    for figure in ("offered", "answered", "abandoned", "handled"):
        total = sum(standings["queue:" + q["id"]][period][figure] for q in queues)
        assert standings["all"][period][figure] == total == sum(standings["client:" + c][period][figure] for c in ("toko", "bank"))
assert standings["all"]["agents_ready"] <= sum(s["agents_ready"] for s in standings.values() if s["scope"] == "client")  # each once
assert {s["id"] for s in admin.get(V1 + "/standings?client=toko").json["items"]} == {"client:toko"} | {"queue:" + q["id"] for q in queues if q["client"] == "toko"}
# boards
assert admin.get(V1 + "/wallboards").json["items"] == []
admin.get(V1 + "/wallboards/lantai-2", 404)
admin.put(V1 + "/wallboards/Lantai", board(tile()), 400)
admin.put(V1 + "/wallboards/lantai-2", board(tile(figure="best_agent")), 400)
admin.put(V1 + "/wallboards/lantai-2", board(tile(), version=3), 409)
assert admin.put(V1 + "/wallboards/lantai-2", board(tile(), tile("queue", "toko.penjualan", "service_level_1", "recent", 0.8, 0.7))).json["done"]
first = admin.get(V1 + "/wallboards/lantai-2").json
assert first["version"] == 1 and first["by"] == "admin" and first["links"] == 0, first
admin.put(V1 + "/wallboards/lantai-2", board(tile(), title="Dua", version=1))
admin.put(V1 + "/wallboards/lantai-2", board(tile(), title="Tiga", version=1), 409)  # somebody was faster
assert admin.get(V1 + "/wallboards/lantai-2").json["title"] == "Dua"
assert {k: v for k, v in admin.get(V1 + "/wallboards/lantai-2?version=1").json.items()} == first
admin.get(V1 + "/wallboards/lantai-2?version=3", 404)
# the last twenty versions are kept, and none of one that is gone
for version in range(22):
    admin.put(V1 + "/wallboards/sering", board(tile(), title=f"Sering {version}", version=version))
assert admin.get(V1 + "/wallboards/sering?version=3").json["title"] == "Sering 2"
admin.get(V1 + "/wallboards/sering?version=2", 404)
admin.delete(V1 + "/wallboards/sering")
with sqlite3.connect("file:data/sapa.db?mode=ro", uri=True) as db:
    kept = [row[0] for row in db.execute("SELECT key FROM setting WHERE key LIKE 'api.wall.%'")]
assert kept == ["api.wall.lantai-2.1", "api.wall.lantai-2.2"], kept
# who is bound to a client
shop = admin.as_role("supervisor", clients=["toko"])
assert [b["id"] for b in shop.get(V1 + "/wallboards").json["items"]] == []  # it shows the whole centre
shop.get(V1 + "/wallboards/lantai-2", 404)
shop.put(V1 + "/wallboards/lantai-2", board(tile("client", "toko")), 404)
shop.put(V1 + "/wallboards/toko", board(tile()), 400)
shop.put(V1 + "/wallboards/toko", board(tile("client", "bank")), 400)
shop.put(V1 + "/wallboards/toko", board(tile("client", "toko"), title="Toko"))
assert {s["id"] for s in shop.get(V1 + "/standings").json["items"]} == {"client:toko"} | {"queue:" + q["id"] for q in queues if q["client"] == "toko"}
viewer, agent = admin.as_role("viewer"), admin.as_role("agent", agent="siti")
assert len(viewer.get(V1 + "/wallboards").json["items"]) == 2
viewer.put(V1 + "/wallboards/lantai-2", board(tile(), version=2), 403)
agent.get(V1 + "/wallboards", 403)
agent.get(V1 + "/standings", 403)
# a link: its board and its figures, nothing else
link = shop.post(V1 + "/wallboards/toko/link", None, 201).json
assert link["path"] == f"/wall#toko/{link['secret']}" and link["token"]["role"] == "wall" and link["token"]["clients"] == ["toko"], link
screen = Api(sys.argv[1], link["secret"])
assert screen.get(V1 + "/wallboards/toko").json["title"] == "Toko" and [b["id"] for b in screen.get(V1 + "/wallboards").json["items"]] == ["toko"]
screen.get(V1 + "/wallboards/lantai-2", 404)
assert {s["client"] for s in screen.get(V1 + "/standings").json["items"]} == {"toko"}
for path in ("/contacts", "/agents", "/queues", "/switches", "/directory", "/reports/queues?by=day", "/tokens", "/audit", "/centre"):
    screen.get(V1 + path, 403)
screen.put(V1 + "/wallboards/toko", board(tile("client", "toko"), version=1), 403)
screen.post(V1 + "/wallboards/toko/link", None, 403)
assert shop.get(V1 + "/wallboards/toko").json["links"] == 1
# a board whose screens may see less does not grow behind their back
admin.put(V1 + "/wallboards/toko", board(tile(), version=1), 409)
shop.put(V1 + "/wallboards/toko", board(tile("queue", "toko.inggris"), title="Toko", version=1))
# ended
shop.delete(V1 + "/wallboards/toko/link")
wait(lambda: screen.call("GET", V1 + "/wallboards/toko").status == 401)
another = Api(sys.argv[1], shop.post(V1 + "/wallboards/toko/link", None, 201).json["secret"])
another.get(V1 + "/wallboards/toko")
shop.delete(V1 + "/wallboards/toko")
wait(lambda: another.call("GET", V1 + "/wallboards/toko").status == 401)
shop.get(V1 + "/wallboards/toko", 404)
admin.delete(V1 + "/wallboards/lantai-2")
assert admin.get(V1 + "/wallboards").json["items"] == []
entries = admin.get(V1 + "/audit?limit=500").json["items"]
assert [e for e in entries if e["what"] == "PUT /api/v1/wallboards/{board}" and e["result"] == "OK"]
assert not [e for e in entries if "sapa_" in str(e)], "a secret in the log"
print("covered:", " ".join(sorted(Api.document.covered)))
