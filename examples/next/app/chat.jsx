"use client";

import { WebsocketClient } from "@websockets-simple/client";
import { useEffect, useRef, useState } from "react";

export function Chat() {
  const [messages, setMessages] = useState(/** @type {{ key: number, text: string }[]} */ ([]));
  const client = useRef(null);

  useEffect(() => {
    const current = new WebsocketClient({ url: "/chat" });
    client.current = current;
    current.on("message", ({ type, message }) => {
      if (type !== "received") return;
      setMessages((before) => [...before.slice(-199), { key: (before.at(-1)?.key ?? 0) + 1, text: String(message) }]);
    });
    current.connect().catch(() => {}); // the events `connection` and `error` tell of it
    return () => current.dispose();
  }, []);

  function say(event) {
    event.preventDefault();
    const [input] = event.currentTarget.elements;
    client.current?.send(input.value).catch(console.error);
    event.currentTarget.reset();
  }

  return (
    <>
      <form onSubmit={say}>
        <input aria-label="Say" />
      </form>
      <ul>
        {messages.map(({ key, text }) => (
          <li key={key}>{text}</li>
        ))}
      </ul>
    </>
  );
}
