import subprocess
import sys
import urllib.parse

from sapa_api import Api, administrator

base, sapa = sys.argv[1:3]
V1 = "/api/v1"
admin = administrator(base)


def config(*words):
    return subprocess.run([sapa, "config", *words, "--data", "data", "--language", "en"], capture_output=True, text=True, check=True).stdout


reply = admin.get(V1 + "/centre")
first, first_hash = reply.json["text"], reply.json["hash"]
assert reply.headers["etag"] == f'"{first_hash}"' and first == open("first.yaml").read() == config("export")

# the same says that nothing changes: export, then plan
plan = admin.call("POST", V1 + "/centre/plan", first, want=200).json
assert plan == {"from": first_hash, "hash": first_hash, "new": 0, "changed": 0, "gone": 0, "changes": []}, plan

second = first.replace("queues:\n", "queues:\n  second: { name: Kedua, client: shop, steps: [ { needs: { indonesian: 1 } } ], record: all }\n", 1)
second += "do_not_contact: { all: { file: dnc.txt } }\n"  # beside the description that is served
open("dnc.txt", "w").write("6281299990001\n")
plan = admin.call("POST", V1 + "/centre/plan?language=en", second, want=200).json
assert (plan["new"], plan["changed"], plan["gone"]) == (2, 0, 0) and plan["changes"][0]["kind"] == "new", plan
open("second.yaml", "w").write(second)
assert "+ " + plan["changes"][0]["text"] in config("plan", "second.yaml")  # sentence for sentence
assert admin.get(V1 + "/centre").json["hash"] == first_hash

# each mistake with its line, reason and hint; the status says that it is the text
broken = second.replace("client: shop,", "client: shopp,").replace("ring:", "rings:", 1)
for path, headers in ((V1 + "/centre/plan", {}), (V1 + "/centre/apply", {"If-Match": f'"{first_hash}"'})):
    told = admin.call("POST", path, broken, headers, want=422).json
    assert len(told["errors"]) >= 2 and told["code"] == "EINVAL", told
    one = [e for e in told["errors"] if e["hint"] and 'did you mean "shop"' in e["hint"]][0]
    assert "shopp" in broken.split("\n")[one["line"] - 1] and one["where"].startswith("queues."), one
for text in ("", "[", "{}", "\x00", "a: &x 1\nb: *x\n", "queues: " + "[" * 5000):
    told = admin.call("POST", V1 + "/centre/plan", text, want=422).json
    assert told["errors"], text
admin.call("POST", V1 + "/centre/plan", b"\xff\xfe" * 10, want=422)

# taken over only over what one has seen
admin.call("POST", V1 + "/centre/apply", second, want=428)
admin.call("POST", V1 + "/centre/apply", second, {"If-Match": '"' + "0" * 64 + '"'}, want=412)
admin.call("POST", V1 + "/centre/apply?comment=" + "x" * 128, second, {"If-Match": f'"{first_hash}"'}, want=400)
for role, plans in (("supervisor", True), ("auditor", True), ("viewer", False)):
    other = Api(base, admin.post(V1 + "/tokens", {"user": role, "role": role}, 201).json["secret"])
    other.call("POST", V1 + "/centre/plan", second, want=200 if plans else 403)
    other.call("POST", V1 + "/centre/apply", second, {"If-Match": f'"{first_hash}"'}, want=403)
assert admin.get(V1 + "/centre").json["hash"] == first_hash and open("centre.yaml").read() == first

comment = "antrean kedua"
taken = admin.call("POST", V1 + "/centre/apply?comment=" + urllib.parse.quote(comment), second, {"If-Match": f'"{first_hash}"', "Idempotency-Key": "apply-1"}, want=200)
hash2 = taken.json["hash"]
assert taken.headers["etag"] == f'"{hash2}"' and taken.json["from"] == first_hash
assert admin.get(V1 + "/centre").json == {"hash": hash2, "text": second}  # answered when it is in force
assert {q["id"] for q in admin.get(V1 + "/queues").json["items"]} == {"service", "second"}
assert open("centre.yaml").read() == second and config("export") == second
again = admin.call("POST", V1 + "/centre/apply?comment=" + urllib.parse.quote(comment), second, {"If-Match": f'"{first_hash}"', "Idempotency-Key": "apply-1"}, want=200)
assert again.json == taken.json
# whoever began from the first is told
third = first.replace("Layanan", "Pelayanan", 1)
admin.call("POST", V1 + "/centre/apply", third, {"If-Match": f'"{first_hash}"'}, want=412)

versions = admin.get(V1 + "/centre/versions").json["items"]
assert [(v["version"], v["hash"], v["by"], v["comment"]) for v in versions] == [(2, hash2, "admin", comment), (1, first_hash, None, None)], versions
assert comment in config("history")
entry = [e for e in admin.get(V1 + "/audit?limit=500").json["items"] if e["what"] == "POST /api/v1/centre/apply" and e["result"] == "OK"]
assert len(entry) == 1 and comment in entry[0]["detail"] and "Kedua" not in entry[0]["detail"], entry

# back again
admin.post(f"{V1}/centre/versions/{'0' * 64}/restore", None, 404, {"If-Match": hash2})
admin.post(f"{V1}/centre/versions/{first_hash}/restore", None, 428)
admin.post(f"{V1}/centre/versions/{first_hash}/restore", None, 412, {"If-Match": first_hash})
back = admin.call("POST", f"{V1}/centre/versions/{first_hash}/restore?comment=salah", None, {"If-Match": f'"{hash2}"', "Content-Length": "0"}, want=200).json
assert (back["new"], back["changed"], back["gone"]) == (0, 0, 2)
versions = admin.get(V1 + "/centre/versions").json["items"]
assert len(versions) == 3 and versions[0]["comment"] == "version 1 again: salah" and versions[0]["hash"] == first_hash
assert admin.get(V1 + "/centre").json["text"] == first
import glob
assert not glob.glob("data/api-*.yaml"), "what was written for it is gone"
print("covered:", " ".join(sorted(Api.document.covered)))
