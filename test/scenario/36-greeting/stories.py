"""test/scenario/36-greeting: stories.py PORT API"""
import sys
import time

from sapa_api import Api
from user_agent import UserAgent

port, base = int(sys.argv[1]), sys.argv[2]
server = ("127.0.0.1", port)
admin = Api(base, open("data/admin.token").read().strip())


def story(name):
    print("- " + name, flush=True)


def speaks(hz):
    """After the tone, a second."""
    one.hears_tones([1000])
    one.pcm.clear()
    one.tone(hz)
    time.sleep(1.2)
    one.silent()
    one.key("#")
    one.hears_tones([hz], [1000])


def caller_hears(hz, other):
    customer = UserAgent("0811200%d" % hz, server)
    talk, answer = customer.call("5003")
    assert answer.status == 200, answer.text
    customer.hears_tones([hz], [other])
    assert customer.within(talk, "BYE").status == 200
    customer.close()


one, two = UserAgent("1001", server), UserAgent("1002", server)
one.register()
two.register()

story("spoken, heard back, kept: the next caller hears it")
talk, answer = one.call("*07012", password=True)
assert answer.status == 200, answer.text
speaks(700)
one.key("1")
one.hung_up()
caller_hears(700, 1900)

story("spoken again: the next version takes its place, in the middle of the day")
talk, answer = one.call("*070*12*1", password=True)
assert answer.status == 200, answer.text
speaks(1900)
one.key("1")
one.hung_up()
caller_hears(1900, 700)

story("hung up in the middle: nothing changes")
talk, answer = one.call("*07012", password=True)
one.hears_tones([1000])
one.tone(1500)
time.sleep(1)
assert one.within(talk, "BYE").status == 200
one.silent()
caller_hears(1900, 1500)

story("who has no right is told so; what is not known, too")
two.code("*07012")
one.code("*07099")

story("each stands in the audit")
told = [e for e in admin.get("/api/v1/audit?limit=100").json["items"] if e["what"] == "record prompt hello"]
assert sorted((e["actor"], e["result"]) for e in told) == [("agent1", "OK"), ("agent1", "OK"), ("agent2", "EDENIED")], told
assert any("version=1" in str(e) for e in told) and any("version=2" in str(e) for e in told), told
one.close()
two.close()
