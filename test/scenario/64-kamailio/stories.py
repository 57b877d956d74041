"""test/scenario/64-kamailio: stories.py PORT (the centre; Kamailio at + 3, the carrier is ours at + 4)"""
import os
import sys
import time

from user_agent import UserAgent

port = int(sys.argv[1])
edge = ("127.0.0.1", port + 3)


def story(name):
    print("- " + name, flush=True)


def wait_for(path):
    until = time.time() + 60
    while not os.path.exists(path):
        assert time.time() < until, path
        time.sleep(0.05)


class Carrier(UserAgent):
    def connect(self):
        super().connect()
        self.socket.close()
        import socket
        self.socket = socket.socket(self.family, socket.SOCK_DGRAM)
        self.socket.bind((self.host, port + 4))
        self.port = port + 4


def until_there(attempt):
    """Kamailio has seen our OPTIONS answered: before that it says 503 or 408."""
    until = time.time() + 90
    while True:
        try:
            return attempt()
        except AssertionError:
            assert time.time() < until, "Kamailio does not see the centre"
            time.sleep(0.3)


def ends(here, there, mine, other):
    assert here.within(mine, "BYE").status == 200
    there.hung_up()


story("a phone registers through Kamailio: its Path is known and given back")
phone = UserAgent("1001", edge)
answer = until_there(phone.register)
path = answer.get("path")
assert path and "127.0.0.1:%d" % (port + 3) in path and "lr" in path, answer.text

story("many phones come through it at once: the limit of one source is not theirs")
crowd = UserAgent("1002", edge)
told, others = {}, []
for turn in range(14):
    for i in range(50):
        crowd.send("REGISTER sip:sapa.test SIP/2.0\r\nVia: %s\r\nMax-Forwards: 70\r\nFrom: <sip:1002@sapa.test>;tag=c%d-%d\r\nTo: <sip:1002@sapa.test>\r\n"
                   "Call-ID: crowd-%d-%d\r\nCSeq: 1 REGISTER\r\nContact: %s\r\nContent-Length: 0\r\n\r\n" % (crowd.via, turn, i, turn, i, crowd.contact))
    for i in range(50):
        answer = crowd.want("an answer", lambda m: m.status >= 200)
        told[answer.status] = told.get(answer.status, 0) + 1
        others += [answer.text] if answer.status != 401 else []
assert told == {401: 700}, (told, others[:1])
crowd.close()

story("it dials a code through Kamailio")
phone.code("*1")

story("a call comes in through Kamailio and rings the phone through Kamailio; both hear each other; the phone ends it")
customer = UserAgent("08111", edge)
talk, answer = customer.call("5001")
assert answer.status == 200 and answer.all("record-route"), answer.text
invite = phone.want_request("INVITE")
assert len(invite.all("via")) == 2 and invite.all("record-route"), invite.text
served = phone.answer(invite)
customer.speak(0x20)
phone.speak(0x40)
phone.hears(0x20)
customer.hears(0x40)
assert phone.within(served, "INVITE", phone.sdp(direction="sendonly")).status == 200
assert phone.within(served, "INVITE", phone.sdp()).status == 200
customer.hears(0x40)
ends(phone, customer, served, talk)
customer.close()

story("the caller cancels while the phone rings")
customer = UserAgent("08112", edge)
talk, answer = customer.call("5001")
invite = phone.want_request("INVITE")
phone.respond(invite, 180)
assert customer.within(talk, "BYE").status == 200
cancel = phone.want_request("CANCEL")
phone.respond(cancel, 200)
phone.respond(invite, 487)
phone.want_request("ACK")
customer.close()

story("a call goes out to the carrier through Kamailio")
carrier = Carrier("carrier", edge)
customer = UserAgent("08113", edge)
talk, answer = customer.call("5002")
assert answer.status == 200, answer.text
carried = carrier.answer(carrier.want_request("INVITE"))
customer.speak(0x22)
carrier.speak(0x42)
carrier.hears(0x22)
customer.hears(0x42)
ends(customer, carrier, talk, carried)
customer.close()
carrier.close()

story("the centre is away: Kamailio says so; it is back: the phone rings without registering anew")
open("away", "w").close()
wait_for("stopped")


def refused():
    customer = UserAgent("08114", edge)
    _, answer = customer.call("5001")
    customer.close()
    assert answer.status in (408, 503), answer.text


until_there(refused)
open("seen", "w").close()
wait_for("back")
phone.waiting.clear()


def rings():
    customer = UserAgent("08115", edge)
    talk, answer = customer.call("5001")
    if answer.status != 200:
        customer.close()
    assert answer.status == 200, answer.text
    return customer, talk


customer, talk = until_there(rings)
served = phone.answer(phone.want_request("INVITE"))
ends(customer, phone, talk, served)
customer.close()
phone.register(expires=0)
phone.close()
