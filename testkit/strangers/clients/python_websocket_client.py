"""WebSocket client of python3-websocket (websocket-client): python_websocket_client.py URL [SUBPROTOCOL]; the line
protocol is in strangers.ts."""

import json
import os
import struct
import sys
import threading

import websocket
from websocket import ABNF


def say(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


class Peer(websocket.WebSocket):
    """Answers a close frame only once: the library would answer the answer to its own."""

    close_sent = False

    def send_close(self, *args, **kwargs):
        if not self.close_sent:
            self.close_sent = True
            super().send_close(*args, **kwargs)


def obey(peer):
    for line in sys.stdin:
        command = json.loads(line)
        if command["do"] == "text":
            peer.send(command["data"])
        elif command["do"] == "binary":
            peer.send_binary(bytes.fromhex(command["hex"]))
        elif command["do"] == "ping":
            peer.ping("are you there")
        elif command["do"] == "close":
            peer.send_close(command.get("code", 1000), command.get("reason", "").encode())


def listen(peer):
    while True:
        try:
            opcode, frame = peer.recv_data_frame(control_frame=True)
        except (websocket.WebSocketConnectionClosedException, ConnectionError):
            return say("close", code=1006, reason="")
        if opcode == ABNF.OPCODE_TEXT:
            say("text", data=frame.data.decode())
        elif opcode == ABNF.OPCODE_BINARY:
            say("binary", hex=frame.data.hex())
        elif opcode == ABNF.OPCODE_PONG:
            say("pong")
        elif opcode == ABNF.OPCODE_CLOSE:
            code = struct.unpack("!H", frame.data[:2])[0] if frame.data else 1005
            return say("close", code=code, reason=frame.data[2:].decode())


def main(url, subprotocol=None):
    try:
        peer = websocket.create_connection(url, subprotocols=[subprotocol] if subprotocol else None, class_=Peer)
    except websocket.WebSocketBadStatusException as error:
        return say("refused", status=error.status_code, body=None)
    except Exception as error:
        return say("error", message=f"{type(error).__name__}: {error}")
    say("open", subprotocol=peer.getsubprotocol())
    threading.Thread(target=obey, args=[peer], daemon=True).start()
    listen(peer)
    sys.stdout.flush()
    os._exit(0)  # The other thread still reads stdin, which would hold up an orderly end.


main(*sys.argv[1:])
