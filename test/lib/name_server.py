"""A name server on loopback for scenarios: answers from a table that may change, over UDP. Standard library only."""
import socket
import struct
import threading

A, SRV, NAPTR = 1, 33, 35


def put_name(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"


def put_text(text):
    return bytes([len(text)]) + text.encode()


def a(address):
    return A, socket.inet_aton(address)


def srv(priority, weight, port, target):
    return SRV, struct.pack("!HHH", priority, weight, port) + put_name(target)


def naptr(order, preference, flags, service, replacement):
    return NAPTR, struct.pack("!HH", order, preference) + put_text(flags) + put_text(service) + put_text("") + put_name(replacement)


class NameServer:
    def __init__(self, port, records):
        self.records, self.asked = records, []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", port))
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            ask, peer = self.socket.recvfrom(4096)
            at, labels = 12, []
            while ask[at]:
                labels.append(ask[at + 1 : at + 1 + ask[at]].decode())
                at += 1 + ask[at]
            name, kind = ".".join(labels).lower(), struct.unpack("!H", ask[at + 1 : at + 3])[0]
            self.asked.append((name, kind))
            found = [data for record, data in self.records.get(name, []) if record == kind]
            body = b"".join(struct.pack("!HHHIH", 0xC00C, kind, 1, 60, len(data)) + data for data in found)
            code = 0 if name in self.records else 3
            self.socket.sendto(ask[:2] + struct.pack("!HHHHH", 0x8480 | code, 1, len(found), 0, 0) + ask[12 : at + 5] + body, peer)
