"""A SIP user agent for scenarios: one dialog at a time, every message under the scenario's control.

SIPp plays fixed scripts; this one looks at what it got and decides. Standard library only. Waiting has a limit
of its own everywhere; what does not come is an AssertionError that says what was waited for.
"""
import collections
import hashlib
import math
import re
import select
import socket
import ssl
import struct
import threading
import time

WAIT = 45  # seconds; sanitizers are slow, and other programs may want the processor


def token():
    token.n += 1
    return "%x%04x" % (time.time_ns() & 0xFFFFFFFFFF, token.n)


token.n = 0


def alaw_to_linear(octet):
    octet ^= 0x55
    segment, value = octet >> 4 & 7, (octet & 15) << 4
    value = value + 8 if segment == 0 else (value + 0x108) << (segment - 1)
    return value if octet & 0x80 else -value


LINEAR = [alaw_to_linear(octet) for octet in range(256)]
ALAW = {}  # by linear value / 16, nearest


def linear_to_alaw(value):
    key = int(value) // 16
    if key not in ALAW:
        ALAW[key] = min(range(256), key=lambda octet: abs(LINEAR[octet] - value))
    return ALAW[key]


def amplitude(samples, hz, rate=8000):
    """Of one tone in these samples (Goertzel)."""
    k, s1, s2 = 2 * math.cos(2 * math.pi * hz / rate), 0.0, 0.0
    for x in samples:
        s1, s2 = x + k * s1 - s2, s1
    return 2 * math.sqrt(max(0, s1 * s1 + s2 * s2 - k * s1 * s2)) / max(1, len(samples))


class Message:
    def __init__(self, text):
        head, _, self.body = text.partition("\r\n\r\n")
        lines = head.split("\r\n")
        self.text, self.first, self.headers = text, lines[0], []
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers.append((name.strip().lower(), value.strip()))
        words = self.first.split(" ")
        self.status = int(words[1]) if words[0] == "SIP/2.0" else 0
        self.method = None if self.status else words[0]
        self.uri = None if self.status else words[1]

    def get(self, name):
        return next((value for key, value in self.headers if key == name), None)

    def all(self, name):
        return [value for key, value in self.headers if key == name]

    @property
    def cseq(self):
        return self.get("cseq").split()


class Dialog:
    pass


class UserAgent:
    """`server` is (host, port) of the program; `host` ours. transport: udp, tcp or tls."""

    def __init__(self, user, server, host="127.0.0.1", transport="udp", context=None, name=None, port=0):
        self.wanted_port = port
        self.user, self.server, self.host, self.transport = user, server, host, transport
        self.v6 = ":" in host
        self.shown = "[%s]" % host if self.v6 else host
        self.waiting, self.buffer, self.log = [], b"", []
        self.family = socket.AF_INET6 if self.v6 else socket.AF_INET
        self.context, self.name = context, name
        self.connect()
        self.rtp = socket.socket(self.family, socket.SOCK_DGRAM)
        self.rtp.bind((host, 0))
        self.rtp_port = self.rtp.getsockname()[1]
        self.sequence, self.timestamp, self.peer = 1000, 0, None
        self.heard, self.events = {}, []
        self.pcm = collections.deque(maxlen=3200)  # the last 400 ms, A-law alone
        self.speaking, self.lock = None, threading.Lock()
        threading.Thread(target=self.listen, daemon=True).start()

    def connect(self):
        if self.transport == "udp":
            self.socket = socket.socket(self.family, socket.SOCK_DGRAM)
            self.socket.bind((self.host, self.wanted_port))
        else:
            self.socket = socket.socket(self.family, socket.SOCK_STREAM)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.socket.bind((self.host, 0))
            self.socket.settimeout(WAIT)
            self.socket.connect(self.server)
            if self.transport == "tls":
                self.socket = self.context.wrap_socket(self.socket, server_hostname=self.name)
        self.port = self.socket.getsockname()[1]

    # --- messages ---

    def send(self, text):
        self.log.append(">> " + text)
        if self.transport == "udp":
            self.socket.sendto(text.encode(), self.server)
        else:
            self.socket.sendall(text.encode())

    def framed(self):
        self.buffer = self.buffer.lstrip(b"\r\n")
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        length = re.search(rb"(?i)\r\ncontent-length:\s*(\d+)", self.buffer[:end])
        size = end + 4 + (int(length.group(1)) if length else 0)
        if len(self.buffer) < size:
            return None
        text, self.buffer = self.buffer[:size], self.buffer[size:]
        return text

    def receive(self, seconds):
        until = time.time() + seconds
        while True:
            text = self.framed() if self.transport != "udp" else None
            if text is None:
                pending = self.transport == "tls" and self.socket.pending() > 0
                if not pending and not select.select([self.socket], [], [], max(0, until - time.time()))[0]:
                    return None
                data = self.socket.recv(65535)
                if self.transport != "udp":
                    if not data:
                        return None
                    self.buffer += data
                    continue
                text = data if data[0] < 0x80 else b""  # RTCP of whoever has the port before ours
            if text.strip():
                self.log.append("<< " + text.decode())
                return Message(text.decode())

    def want(self, what, test, seconds=WAIT):
        for i, message in enumerate(self.waiting):
            if test(message):
                return self.waiting.pop(i)
        until = time.time() + seconds
        while time.time() < until:
            message = self.receive(until - time.time())
            if message is None:
                break
            if message.method == "OPTIONS" and "tag=" not in message.get("to"):
                self.respond(message, 200)
            elif test(message):
                return message
            else:
                self.waiting.append(message)
        raise AssertionError("%s: waited in vain for %s; last messages:\n%s" % (self.user, what, "\n".join(self.log[-6:])))

    def want_request(self, method, seconds=WAIT):
        return self.want(method, lambda m: m.method == method, seconds)

    def want_none(self, what, test, seconds=0.5):
        try:
            found = self.want(what, test, seconds)
        except AssertionError:
            return
        raise AssertionError("%s: came although it should not:\n%s" % (self.user, found.text))

    @property
    def via(self):
        return "SIP/2.0/%s %s:%d;branch=z9hG4bK%s;rport" % (self.transport.upper(), self.shown, self.port, token())

    @property
    def contact(self):
        return "<sip:%s@%s:%d%s>" % (self.user, self.shown, self.port, "" if self.transport == "udp" else ";transport=" + self.transport)

    def sdp(self, formats="8 101", direction="sendrecv", profile="RTP/AVP", port=None, more=""):
        names = {"0": "PCMU/8000", "8": "PCMA/8000", "18": "G729/8000"}
        kind = "IP6" if self.v6 else "IP4"
        text = "v=0\r\no=- %d 1 IN %s %s\r\ns=-\r\nc=IN %s %s\r\nt=0 0\r\nm=audio %d %s %s\r\n" % (
            self.port, kind, self.host, kind, self.host, port or self.rtp_port, profile, formats)
        for number in formats.split():
            text += "a=rtpmap:%s %s\r\n" % (number, names.get(number, "telephone-event/8000"))
        return text + more + "a=%s\r\n" % direction

    def request(self, dialog, method, body="", headers="", kind="application/sdp", cseq=None, via=None):
        if cseq is None and method not in ("ACK", "CANCEL"):
            dialog.cseq += 1
        number = cseq or dialog.cseq
        dialog.via = via or self.via
        self.send("%s %s SIP/2.0\r\nVia: %s\r\nMax-Forwards: 70\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\nContact: %s\r\n%s%s%s"
                  "Content-Length: %d\r\n\r\n%s" % (
                      method, dialog.target, dialog.via, dialog.us, dialog.them, dialog.call_id, number, method,
                      self.contact, "".join("Route: %s\r\n" % r for r in dialog.route) + headers,
                      "Content-Type: %s\r\n" % kind if body else "", "", len(body.encode()), body))
        return dialog.via

    def respond(self, request, status, body="", headers="", tag=None):
        to = request.get("to")
        if "tag=" not in to and status > 100:
            to += ";tag=" + (tag or "u%d" % self.port)
        copied = "".join("%s: %s\r\n" % (name.title(), value) for name in ("via", "record-route") for value in request.all(name))
        self.send("SIP/2.0 %d X\r\n%sFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s\r\nContact: %s\r\n%s%sContent-Length: %d\r\n\r\n%s" % (
            status, copied, request.get("from"), to, request.get("call-id"), request.get("cseq"), self.contact, headers,
            "Content-Type: application/sdp\r\n" if body else "", len(body.encode()), body))

    def final(self, dialog, method):
        wanted = ["%d" % dialog.cseq, method]
        return self.want("an answer to %s" % method, lambda m: m.status >= 200 and m.get("call-id") == dialog.call_id and m.cseq == wanted)

    # --- registration ---

    def credentials(self, challenge, method, uri, password):
        def value(name):
            found = re.search(name + r'="?([^",]+)', challenge)
            return found.group(1) if found else None
        sha = "SHA-256" in challenge
        digest = lambda text: (hashlib.sha256 if sha else hashlib.md5)(text.encode()).hexdigest()
        one, two = digest("%s:%s:%s" % (self.user, value("realm"), password)), digest("%s:%s" % (method, uri))
        response = digest(":".join([one, value("nonce"), "00000001", "c0ffee", "auth", two]))
        return ('Authorization: Digest username="%s",realm="%s",nonce="%s",uri="%s",response="%s",algorithm=%s,cnonce="c0ffee",'
                'nc=00000001,qop=auth\r\n') % (self.user, value("realm"), value("nonce"), uri, response, "SHA-256" if sha else "MD5")

    def register(self, headers="", expires=600):
        dialog = Dialog()
        dialog.call_id, dialog.cseq, dialog.route, dialog.target = token(), 0, [], "sip:sapa.test"
        dialog.us = dialog.them = "<sip:%s@sapa.test>" % self.user
        dialog.us += ";tag=r"
        headers += "Expires: %d\r\n" % expires
        self.request(dialog, "REGISTER", headers=headers)
        answer = self.final(dialog, "REGISTER")
        assert answer.status == 401, answer.text
        self.request(dialog, "REGISTER", headers=headers + self.credentials(answer.get("www-authenticate"), "REGISTER", dialog.target, "phone-" + self.user))
        answer = self.final(dialog, "REGISTER")
        assert answer.status == 200, answer.text
        return answer

    def code(self, dialled):
        """Dial a code and wait until the program has hung up."""
        dialog, answer = self.call(dialled, password=True)
        assert answer.status == 200, answer.text
        self.respond(self.want_request("BYE"), 200)

    # --- calls of ours ---

    def invite(self, number, body=None, headers=""):
        dialog = Dialog()
        host = "[%s]" % self.server[0] if self.v6 else self.server[0]
        dialog.call_id, dialog.cseq, dialog.route = token(), 0, []
        dialog.target = "sip:%s@%s:%d" % (number, host, self.server[1])
        dialog.us, dialog.them = "<sip:%s@%s>;tag=%s" % (self.user, self.shown, token()), "<%s>" % dialog.target
        dialog.body = self.sdp() if body is None else body
        self.request(dialog, "INVITE", dialog.body, headers)
        dialog.invite_via = dialog.via
        return dialog

    def ack(self, dialog, answer):
        if answer.status >= 300:  # hop by hop: the same branch
            them, dialog.them = dialog.them, answer.get("to")
            self.request(dialog, "ACK", via=dialog.invite_via)
            dialog.them = them
            return
        dialog.them = answer.get("to")
        dialog.target = re.search("<([^>]+)>", answer.get("contact")).group(1)
        if not dialog.route:
            dialog.route = list(reversed(answer.all("record-route")))
        self.request(dialog, "ACK")
        if answer.body:
            self.talk_to(answer.body)

    def call(self, number, body=None, headers="", password=False):
        dialog = self.invite(number, body, headers)
        answer = self.final(dialog, "INVITE")
        self.ack(dialog, answer)
        if password and answer.status == 401:
            uri = dialog.target
            self.request(dialog, "INVITE", dialog.body, headers + self.credentials(answer.get("www-authenticate"), "INVITE", uri, "phone-" + self.user))
            dialog.invite_via = dialog.via
            answer = self.final(dialog, "INVITE")
            self.ack(dialog, answer)
        return dialog, answer

    def within(self, dialog, method, body="", headers="", kind="application/sdp"):
        """A request within the dialog and its answer; a re-INVITE is ACKed.

        One that overtook the ACK of the one before, as a proxy of several processes lets it, comes again (491, RFC 3261 14.1)."""
        until = time.time() + 5
        while True:
            self.request(dialog, method, body, headers, kind)
            dialog.invite_via = dialog.via
            answer = self.final(dialog, method)
            if method == "INVITE":
                self.ack(dialog, answer)
            if answer.status != 491 or time.time() > until:
                return answer

    # --- calls to us ---

    def answer(self, invite, body=None, headers="", ring=True):
        if body is None and "RTP/SAVP" in invite.body:  # we cannot: they offer again, plain
            self.respond(invite, 488)
            call_id = invite.get("call-id")
            self.want("the ACK of 488", lambda m: m.method == "ACK" and m.get("call-id") == call_id)
            invite = self.want("a plain offer", lambda m: m.method == "INVITE" and m.get("call-id") == call_id)
            assert "RTP/AVP" in invite.body, invite.text
        if ring:
            self.respond(invite, 180)
        self.respond(invite, 200, self.sdp() if body is None else body, headers)
        if invite.body:
            self.talk_to(invite.body)
        dialog = self.callee(invite)
        self.want("the ACK", lambda m: m.method == "ACK" and m.get("call-id") == dialog.call_id)
        return dialog

    def callee(self, invite):
        dialog = Dialog()
        dialog.call_id, dialog.cseq = invite.get("call-id"), 100
        dialog.us, dialog.them = invite.get("to") + ";tag=u%d" % self.port, invite.get("from")
        dialog.target = re.search("<([^>]+)>", invite.get("contact")).group(1)
        dialog.route = invite.all("record-route")
        return dialog

    def hung_up(self, seconds=WAIT):
        bye = self.want_request("BYE", seconds)
        self.respond(bye, 200)
        return bye

    # --- audio ---

    def talk_to(self, sdp):
        port = int(re.search(r"m=audio (\d+)", sdp).group(1))
        self.peer = (re.search(r"c=IN IP. (\S+)", sdp).group(1), port)

    def listen(self):
        while True:
            try:
                packet = self.rtp.recv(2000)
            except OSError:
                return
            kind = packet[1] & 0x7F
            if kind >= 96 and len(packet) == 16:
                event, flags = packet[12], packet[13]
                if flags & 0x80:
                    mark = (kind, struct.unpack("!I", packet[4:8])[0], event)
                    if mark not in self.events:
                        self.events.append(mark)
            else:
                if kind == 8:
                    self.pcm.extend(LINEAR[octet] for octet in packet[12:])
                key = (kind, packet[12] if len(packet) > 12 else 0)
                self.heard[key] = self.heard.get(key, 0) + 1

    def speak(self, octet, kind=8):
        """Send this octet as audio until silent()."""
        self.silent()
        stop = threading.Event()

        def run():
            at = time.time()
            while not stop.is_set():
                if self.peer:
                    self.packet(kind, bytes([octet]) * 160)
                self.timestamp += 160
                at += 0.02
                time.sleep(max(0, at - time.time()))

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self.speaking = (stop, thread)

    def tone(self, hz):
        """Say this tone in A-law until silent()."""
        self.silent()
        stop, frames = threading.Event(), []
        for n in range(50):  # a second, which ends where it begins
            frames.append(bytes(linear_to_alaw(6000 * math.sin(2 * math.pi * hz * (n * 160 + i) / 8000)) for i in range(160)))

        def run():
            at, n = time.time(), 0
            while not stop.is_set():
                if self.peer:
                    self.packet(8, frames[n % 50])
                self.timestamp += 160
                n += 1
                at += 0.02
                time.sleep(max(0, at - time.time()))

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self.speaking = (stop, thread)

    def hears_tones(self, wanted, others=(), seconds=WAIT):
        """Wait until the last 400 ms hold these tones, and none of the others."""
        until = time.time() + seconds
        while True:
            samples = list(self.pcm)
            levels = {hz: int(amplitude(samples, hz)) for hz in list(wanted) + list(others)}
            if len(samples) == 3200 and all(levels[hz] > 500 for hz in wanted) and all(levels[hz] < 250 for hz in others):
                return
            assert time.time() < until, "%s shall hear %s and not %s, and hears %s" % (self.user, list(wanted), list(others), levels)
            time.sleep(0.1)

    def silent(self):
        if self.speaking:
            self.speaking[0].set()
            self.speaking[1].join()
            self.speaking = None

    def packet(self, kind, payload, marker=0, stamp=None):
        with self.lock:
            self.rtp.sendto(struct.pack("!BBHII", 0x80, kind | marker << 7, self.sequence & 0xFFFF,
                                        (self.timestamp if stamp is None else stamp) & 0xFFFFFFFF, self.port) + payload, self.peer)
            self.sequence += 1

    def key(self, key, kind=101):
        """RFC 4733, 100 ms."""
        event = "0123456789*#ABCD".index(key)
        stamp = self.timestamp
        for i in range(1, 6):
            self.packet(kind, struct.pack("!BBH", event, 10, 160 * i), i == 1, stamp)
            time.sleep(0.02)
        for i in range(3):
            self.packet(kind, struct.pack("!BBH", event, 0x8A, 800), 0, stamp)
        if not self.speaking:
            self.timestamp = stamp + 960

    def hears(self, octet, kind=8, packets=10, seconds=WAIT):
        """Wait until so many packets of this audio came from now on."""
        before = self.heard.get((kind, octet), 0)
        until = time.time() + seconds
        while self.heard.get((kind, octet), 0) - before < packets:
            assert time.time() < until, "%s does not hear %#x as %d; heard %s" % (self.user, octet, kind, self.heard)
            time.sleep(0.02)

    def hears_not(self, octet, kind=8, seconds=0.4):
        before = self.heard.get((kind, octet), 0)
        time.sleep(seconds)
        got = self.heard.get((kind, octet), 0) - before
        assert got == 0, "%s hears %#x although it should not (%d packets)" % (self.user, octet, got)

    def pressed(self, keys, kind, seconds=WAIT):
        """Wait until these keys came as events of this type."""
        until = time.time() + seconds
        while True:
            got = "".join("0123456789*#ABCD"[e] for k, _, e in self.events if k == kind)
            if got == keys:
                return
            assert time.time() < until, "%s got keys %r as %d instead of %r (%s)" % (self.user, got, kind, keys, self.events)
            time.sleep(0.02)

    def break_connection(self):
        """Without a word: a reset, as when a NAT forgets. What comes to our port afterwards is reached by accept()."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()
        self.listener = socket.socket(self.family, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((self.host, self.port))
        self.listener.listen()
        self.listener.settimeout(WAIT)

    def accept(self):
        self.socket, _ = self.listener.accept()
        self.listener.close()

    def close(self):
        self.silent()
        self.socket.close()
        self.rtp.close()
