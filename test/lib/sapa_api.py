"""A client of the API for tests: every reply is held against the OpenAPI document.

Api(base, token).get("/api/v1/contacts") …; a reply that the document does not describe ends the test. administrator(base)
has the token of the data folder beside us; wait(what) asks again until something is true.
"""
import http.client
import json
import re
import socket
import ssl
import sys
import time
import urllib.parse

try:
    import jsonschema
except ImportError:
    print("skipped: python3-jsonschema is not installed")
    sys.exit(77)


class Document:
    def __init__(self, document):
        self.document = document
        self.covered = set()
        self.paths = []
        for path, item in document["paths"].items():
            pattern = re.compile("^" + re.sub(r"\\{[a-z]+\\}", "[^/]+", re.escape(path)) + "$")
            self.paths.append((path.count("{"), pattern, item))
        self.paths.sort(key=lambda entry: entry[0])  # fixed words before parameters
        self.resolver = jsonschema.RefResolver("", document)

    def operation(self, method, path):
        for _, pattern, item in self.paths:
            if pattern.match(path) and method.lower() in item:
                return item[method.lower()]
        return None

    def schema(self, name):
        return jsonschema.Draft202012Validator(
            {"$ref": "#/components/schemas/" + name}, resolver=self.resolver,
            format_checker=jsonschema.FormatChecker())

    def check(self, method, path, status, content_type, body):
        operation = self.operation(method, path)
        kind = content_type.split(";")[0].strip()
        if operation is None:
            assert status in (401, 404, 405), f"{method} {path} is not in the document, and answers {status}"
            self.schema("Problem").validate(json.loads(body))
            return
        response = operation["responses"].get(str(status)) or operation["responses"]["default"]
        contents = response["content"]
        if kind in ("text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"):
            assert "format" in [p["name"] for p in operation["parameters"]]
            return
        assert kind in contents, f"{method} {path}: {status} with {kind}, not in the document: {list(contents)}"
        schema = contents[kind].get("schema")
        if schema:
            try:
                jsonschema.Draft202012Validator(schema, resolver=self.resolver).validate(json.loads(body))
            except jsonschema.ValidationError as error:
                raise AssertionError(f"{method} {path} {status}: {error.message}\n{body[:2000]}") from None
        if status < 400:
            self.covered.add(operation["operationId"])


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)


class Api:
    document = None

    def __init__(self, base, token=None):
        self.base, self.token = urllib.parse.urlparse(base), token
        self.connection = None
        if Api.document is None:
            Api.document = Document(json.loads(self.raw("GET", "/api/v1/openapi.json").body))

    def connect(self):
        host, port = self.base.hostname, self.base.port
        if self.base.scheme == "https":
            context = ssl.create_default_context(cafile=None)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            return http.client.HTTPSConnection(host, port, timeout=30, context=context)
        return http.client.HTTPConnection(host, port, timeout=30)

    def raw(self, method, path, body=None, headers=None):
        headers = dict(headers or {})
        if self.token:
            headers.setdefault("Authorization", "Bearer " + self.token)
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            headers["Content-Type"] = "application/json"
        for attempt in (0, 1):
            if self.connection is None:
                self.connection = self.connect()
            try:
                self.connection.request(method, path, body, headers)
                answer = self.connection.getresponse()
                data = answer.read()
                if answer.will_close:
                    self.connection.close()
                    self.connection = None
                return Reply(answer.status, dict((k.lower(), v) for k, v in answer.getheaders()), data)
            except (http.client.HTTPException, OSError):
                self.connection.close()
                self.connection = None
                if attempt or method != "GET":
                    raise

    def call(self, method, path, body=None, headers=None, want=None):
        reply = self.raw(method, path, body, headers)
        Api.document.check(method, path.split("?")[0], reply.status, reply.headers.get("content-type", ""), reply.body)
        if want is not None:
            assert reply.status == want, f"{method} {path} {body}: {reply.status}, not {want}: {reply.body[:600]}"
        return reply

    def get(self, path, want=200, **headers):
        return self.call("GET", path, headers=headers, want=want)

    def post(self, path, body=None, want=200, headers=None):
        return self.call("POST", path, {} if body is None else body, headers, want)

    def put(self, path, body, want=200, headers=None):
        return self.call("PUT", path, body, headers, want)

    def delete(self, path, want=200, headers=None):
        return self.call("DELETE", path, None, headers, want)

    def as_role(self, role, **more):
        """Another, with a new token of this role."""
        body = {"user": f"test-{role}", "role": role, **more}
        return Api(self.base.geturl(), self.post("/api/v1/tokens", body, 201).json["secret"])


def bare(base, text):
    """What is answered to these bytes, to the end of its head at least."""
    address = urllib.parse.urlparse(base)
    with socket.create_connection((address.hostname, address.port), timeout=10) as s:
        s.sendall(text.encode())
        data = b""
        while b"\r\n\r\n" not in data:
            more = s.recv(65536)
            if not more:
                break
            data += more
        return data.decode(errors="replace")


def administrator(base):
    with open("data/admin.token") as file:
        return Api(base, file.readline().strip())


def wait(what, seconds=90):
    end = time.monotonic() + seconds
    while True:
        found = what()
        if found or time.monotonic() > end:
            assert found, "waited in vain"
            return found
        time.sleep(0.05)
