"""Asks for an upgrade, answers Digest as Python's own urllib does, and prints the statuses. That knows MD5 alone."""
import http.client
import sys
import urllib.request

port, path, user, password = sys.argv[1:5]
HEADERS = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}
url = f"http://127.0.0.1:{port}{path}"


def ask(headers):
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=10)
    connection.request("GET", path, headers={**HEADERS, **headers})
    return connection.getresponse()


passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
passwords.add_password(None, url, user, password)
handler = urllib.request.HTTPDigestAuthHandler(passwords)
asked = ask({})
print(asked.status, flush=True)
for challenge in asked.msg.get_all("WWW-Authenticate", []):
    scheme, _, rest = challenge.partition(" ")
    known = urllib.request.parse_keqv_list(urllib.request.parse_http_list(rest))
    if scheme.lower() == "digest" and known.get("algorithm", "MD5") == "MD5":
        answer = "Digest " + handler.get_authorization(urllib.request.Request(url), known)
        # Said twice, as somebody would who has overheard it.
        for _ in range(2):
            print(ask({"Authorization": answer}).status, flush=True)
