"""Echo server of python3-websockets: python_websockets.py PORT; subprotocol `echo`, `chat` or none."""

import asyncio
import sys

import websockets


async def echo(socket):
    async for message in socket:
        await socket.send(message)


async def main(port):
    async with websockets.serve(echo, "127.0.0.1", port, subprotocols=["echo", "chat"]):
        await asyncio.Future()


asyncio.run(main(int(sys.argv[1])))
