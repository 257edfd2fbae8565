import { IsolatingEmitter, WebsocketsSimpleError } from "@websockets-simple/shared";
import { lost } from "./outbox.ts";
import type { Platform, PlatformSignal } from "./platform.ts";
import { TOKEN_PLACES } from "./target.ts";

/** A browser tells of whole messages only. */
export { IsolatingEmitter as ClientEmitter };

/** The parts of a page or worker that are listened to; workers have no document, SSR has neither. */
interface Page {
  readonly location?: { readonly href: string };
  readonly document?: { readonly visibilityState?: string };
  readonly addEventListener?: EventTarget["addEventListener"];
  readonly removeEventListener?: EventTarget["removeEventListener"];
}
const page: Page = globalThis as Page;
/** When a socket holds more than so many bytes, who sends should wait: then it is looked at so often, in milliseconds. */
const MANY_BYTES = 1_048_576;
const LOOK_MS = 20;
const CLOSED = 3;
/** What a page's events mean. */
const SIGNALS: Readonly<Record<string, PlatformSignal>> = {
  online: "woken",
  offline: "offline",
  pagehide: "suspended",
  pageshow: "restored",
  // Of the document, but it bubbles.
  visibilitychange: "woken",
};
const NODE_ONLY = (): string => "nothing in a browser";

/** Browsers and their workers, and whatever else has a global WebSocket. */
export const platform: Platform = {
  // A browser cannot set request headers; a subprotocol is the one other place outside the URL.
  tokenIn: TOKEN_PLACES,
  // A browser has no RFC ping, and not every server of the classic wire understands the text one.
  heartbeat: false,
  options: { tls: [NODE_ONLY], maxPayload: [NODE_ONLY] },

  get page() {
    return page.location?.href;
  },

  createSocket(Implementation, { url, protocols }) {
    const socket = new Implementation(url, protocols as string[]);
    return {
      socket,
      send(message, done) {
        socket.send(message as never);
        // Browsers tell of nothing that they have sent, and take any amount: it has to be looked at.
        const look = (): unknown => {
          if (!(socket.bufferedAmount > MANY_BYTES)) return done();
          if (socket.readyState === CLOSED) return done(lost());
          return setTimeout(look, LOOK_MS);
        };
        look();
      },
      drop: () => socket.close(),
      progress: () => -socket.bufferedAmount,
    };
  },

  ping: async () => {
    throw new WebsocketsSimpleError("INVALID_STATE", "ping: browsers have none");
  },

  watch(listener) {
    const handle = ({ type, persisted }: Event & { persisted?: boolean }): void => {
      // Only a page that is kept (bfcache) comes back; one that goes for good needs no suspending.
      const isNews = type === "visibilitychange" ? page.document?.visibilityState === "visible" : (persisted ?? true);
      if (isNews) listener(SIGNALS[type] as PlatformSignal);
    };
    for (const type in SIGNALS) page.addEventListener?.(type, handle);
    return () => {
      for (const type in SIGNALS) page.removeEventListener?.(type, handle);
    };
  },
};
