"""test/scenario/39-carriers: stories.py PORT"""
import os
import re
import socket
import sys
import time

from name_server import NameServer, a, naptr, srv
from user_agent import UserAgent

port = int(sys.argv[1])
server = ("127.0.0.1", port)


def story(name):
    print("- " + name, flush=True)


dead, busy, good = (UserAgent(name, server, host="127.0.0.%d" % number) for name, number in (("dead", 21), ("busy", 22), ("good", 23)))
names = NameServer(port + 4, {
    "carrier.test": [naptr(20, 1, "s", "SIP+D2U", "_sip._udp.wrong.test"), naptr(10, 1, "s", "SIP+D2U", "_sip._udp.near.test"),
                     naptr(5, 1, "s", "SIPS+D2T", "_sips._tcp.near.test")],
    "_sip._udp.near.test": [srv(30, 0, good.port, "good.near.test"), srv(10, 1, dead.port, "dead.near.test"),
                            srv(20, 5, busy.port, "busy.near.test")],
    "dead.near.test": [a("127.0.0.21")], "busy.near.test": [a("127.0.0.22")], "good.near.test": [a("127.0.0.23")],
})
open("ready", "w").close()
while not os.path.exists("started"):
    time.sleep(0.05)

until = time.time() + 15
while ("good.near.test", 1) not in names.asked:
    assert time.time() < until, names.asked
    time.sleep(0.05)
time.sleep(0.2)
assert ("_sip._udp.wrong.test", 33) not in names.asked and ("_sips._tcp.near.test", 33) not in names.asked, names.asked

story("silence, 503, 200: one call, three machines, in the order of their priorities")
customer = UserAgent("08111", server)
began = time.time()
talk, answer = customer.call("5002")
assert answer.status == 200, answer.text
call = dead.want_request("INVITE")
assert call.uri == "sip:62811@carrier.test", call.uri
refused = busy.want_request("INVITE")
waited = time.time() - began
assert 4 < waited < 9, waited
busy.respond(refused, 503)
carried = good.answer(good.want_request("INVITE", 3))
customer.speak(0x20)
good.speak(0x40)
good.hears(0x20)
customer.hears(0x40)
assert customer.within(talk, "BYE").status == 200
good.hung_up()
customer.close()

story("who has been silent twice is not asked first any more")
until = time.time() + 60
import select

# the others answer OPTIONS (want() does); the dead one does not
while True:
    assert time.time() < until, "the dead one is still asked"
    for alive in (busy, good):
        alive.want_none("INVITE", lambda m: m.method == "INVITE", 0.2)
    customer = UserAgent("08112", server)
    talk, answer = customer.call("5002")
    assert answer.status == 200, answer.text
    got = select.select([busy.socket, good.socket], [], [], 2)[0]
    first = None
    for alive in (busy, good):
        if alive.socket in got:
            try:
                first = alive.want("INVITE", lambda m: m.method == "INVITE", 1)
                break
            except AssertionError:
                pass
    if first is not None:
        break
    assert customer.within(talk, "BYE").status == 200
    customer.close()
    time.sleep(1)
assert first.uri == "sip:62811@carrier.test"
alive.answer(first)
assert customer.within(talk, "BYE").status == 200
alive.hung_up()
for one in (customer, dead, busy, good):
    one.close()
