"""test/scenario/91-desk: phones.py SIP_PORT CONTROL_PORT CARRIER_PORT [EXTENSION …]

Behind the carrier somebody answers every call. Desk phones that ring, and answer when they are told to (Event: talk); customers who call when the test says so.
The test says it over HTTP: POST /call?from=NUMBER&to=NUMBER, /hangup?from=NUMBER, /press?from=NUMBER&key=DIGIT, /refuse?extension=EXTENSION, GET /phones.
"""
import http.server
import json
import sys
import threading
import urllib.parse

from user_agent import UserAgent

server = ("127.0.0.1", int(sys.argv[1]))


class Phone(UserAgent):
    """Everything that comes is answered by one thread."""

    ringing, dialog = None, None
    calls = 0

    def run(self):
        while True:
            message = self.waiting.pop(0) if self.waiting else self.receive(3600)
            if message is not None and message.method:
                self.on(message)

    def on(self, message):
        if message.method == "INVITE" and "tag=" not in message.get("to"):
            self.ringing = message
            self.respond(message, 180)
        elif message.method == "INVITE":
            direction = "recvonly" if "a=sendonly" in message.body else "inactive" if "a=inactive" in message.body else "sendrecv"
            self.respond(message, 200, self.sdp(direction=direction))
            if message.body:
                self.talk_to(message.body)
        elif message.method == "NOTIFY":
            self.respond(message, 200)
            if message.get("event") == "talk" and self.ringing:
                invite, self.ringing = self.ringing, None
                self.respond(invite, 200, self.sdp())
                self.talk_to(invite.body)
                self.dialog = self.callee(invite)
                self.calls += 1
                self.speak(0x40)
        elif message.method == "CANCEL":
            self.respond(message, 200)
            if self.ringing:
                self.respond(self.ringing, 487)
                self.ringing = None
        elif message.method == "BYE":
            self.respond(message, 200)
            self.silent()
            self.dialog = None
        elif message.method != "ACK":
            self.respond(message, 200)


phones = {}


class Outside(Phone):
    """Whoever is called by way of the carrier: rings a moment, then answers."""

    def on(self, message):
        super().on(message)
        if self.ringing:
            invite, self.ringing = self.ringing, None
            self.respond(invite, 200, self.sdp())
            self.talk_to(invite.body)
            self.dialog = self.callee(invite)
            self.calls += 1
            self.speak(0x20)


outside = phones["carrier"] = Outside("carrier", server, port=int(sys.argv[3]))
threading.Thread(target=outside.run, daemon=True).start()
for extension in sys.argv[4:]:
    phone = phones[extension] = Phone(extension, server)
    phone.register()
    threading.Thread(target=phone.run, daemon=True).start()
customers = {}


class Customer(Phone):
    def begin(self, number):
        self.dialog = self.invite(number)
        answer = self.final(self.dialog, "INVITE")
        self.ack(self.dialog, answer)
        if answer.status == 200:
            self.speak(0x20)
        self.run()

    def end(self):
        if self.dialog:
            self.request(self.dialog, "BYE")
            self.silent()
            self.dialog = None


class Control(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def say(self, what):
        text = json.dumps(what).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):
        self.say({key: {"talks": phone.dialog is not None, "rings": phone.ringing is not None, "heard": sum(phone.heard.values())} for key, phone in {**phones, **customers}.items()})

    def do_POST(self):
        path, _, query = self.path.partition("?")
        asked = dict(urllib.parse.parse_qsl(query))
        if path == "/call":
            customer = customers[asked["from"]] = Customer(asked["from"], server)
            threading.Thread(target=customer.begin, args=(asked["to"],), daemon=True).start()
        elif path == "/hangup":
            customers.pop(asked["from"]).end()
        elif path == "/press":
            customers[asked["from"]].key(asked["key"])
        elif path == "/refuse":
            phone = phones[asked["extension"]]
            invite, phone.ringing = phone.ringing, None
            phone.respond(invite, 603)
        self.say({"done": True})


control = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Control)
print("ready", flush=True)
control.serve_forever()
