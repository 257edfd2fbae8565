"""WebSocket client of python3-websockets: python_websockets.py URL [SUBPROTOCOL]; line protocol: strangers.ts."""

import asyncio
import json
import sys

import websockets
from websockets.exceptions import ConnectionClosed


def say(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


def refusal(error):
    """Status and body of a refused handshake: the library's error has changed its shape over the years."""
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None) or getattr(error, "status_code", None)
    body = getattr(response, "body", None)
    return status, body.decode("utf-8", "replace") if body else None


async def obey(socket, lines):
    while line := await lines.readline():
        command = json.loads(line)
        if command["do"] == "text":
            await socket.send(command["data"])
        elif command["do"] == "binary":
            await socket.send(bytes.fromhex(command["hex"]))
        elif command["do"] == "ping":
            await (await socket.ping())
            say("pong")
        elif command["do"] == "close":
            await socket.close(command.get("code", 1000), command.get("reason", ""))


async def listen(socket):
    try:
        async for message in socket:
            if isinstance(message, str):
                say("text", data=message)
            else:
                say("binary", hex=message.hex())
    except ConnectionClosed:
        pass  # The code below says how.
    say("close", code=socket.close_code, reason=socket.close_reason)


async def main(url, subprotocol=None):
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    try:
        socket = await websockets.connect(url, subprotocols=[subprotocol] if subprotocol else None)
    except Exception as error:
        status, body = refusal(error)
        if status is None:
            return say("error", message=f"{type(error).__name__}: {error}")
        return say("refused", status=status, body=body)
    say("open", subprotocol=socket.subprotocol)
    orders = asyncio.create_task(obey(socket, lines))
    await listen(socket)
    orders.cancel()


asyncio.run(main(*sys.argv[1:]))
