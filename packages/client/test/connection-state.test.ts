import { WebsocketsSimpleError } from "@websockets-simple/shared";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type ClientState,
  type ConnectionEvent,
  type ConnectionPolicy,
  type ConnectionState,
  type Ending,
  INITIAL_STATE,
  type Notice,
  next,
  noticeOf,
} from "../src/connection-state.ts";

const policy: ConnectionPolicy = {
  baseDelayMs: 500,
  maxDelayMs: 30_000,
  maxAttempts: Number.POSITIVE_INFINITY,
  settleMs: 5_000,
  connectTimeoutMs: 10_000,
  closeTimeoutMs: 3_000,
  canRefresh: false,
};
const NAMES: ClientState[] = [
  "disconnected",
  "connecting",
  "connected",
  "reconnecting",
  "suspended",
  "disconnecting",
  "disposed",
];
const at = (name: ClientState, more: Partial<ConnectionState> = {}): ConnectionState => ({
  name,
  attempts: 1,
  fresh: false,
  ...more,
});
const error = new WebsocketsSimpleError("CONNECT_FAILED", "x");
const refusal = new WebsocketsSimpleError("REFUSED", "x");
const noUser = new WebsocketsSimpleError("UNAUTHORIZED", "x", { closeCode: 4401 });
const failed = (more: Partial<Ending> = {}, retryInMs?: number): ConnectionEvent => ({
  type: "failed",
  ending: { code: 1006, reason: "", error, ...more },
  retryInMs,
});
const timer: ConnectionEvent = { type: "timer" };
const opened: ConnectionEvent = { type: "opened" };
const disconnect: ConnectionEvent = { type: "disconnect", ending: { code: 4000, reason: "bye" } };

/** What is told of a step, if anything: the same state is never told anew. */
function noticesOf(after: ConnectionState, before: ConnectionState): Notice[] {
  const notice = after === before ? undefined : noticeOf(after, before);
  return notice ? [notice] : [];
}

/** Notices in short: `connecting`, `reconnecting 1006 250`, `disconnected 1000`. */
function run(state: ConnectionState, event: ConnectionEvent, changes: Partial<ConnectionPolicy> = {}, random = 0.5) {
  const after = next({ ...policy, ...changes }, state, event, random);
  const notices = noticesOf(after, state);
  const told = notices.map(({ type, code = "", retryInMs = "" }) =>
    [type, code, retryInMs].filter((part) => part !== "").join(" "),
  );
  return { state: after, name: after.name, notices, told };
}

/** What each happening does in each state; what is not named changes nothing. */
const TABLE: Record<string, { event: ConnectionEvent; to: Partial<Record<ClientState, [ClientState, ...string[]]>> }> = {
  connect: {
    event: { type: "connect" },
    to: { disconnected: ["connecting", "connecting"] },
  },
  disconnect: {
    event: disconnect,
    to: {
      connecting: ["disconnected", "disconnected 4000"],
      connected: ["disconnecting"],
      reconnecting: ["disconnected", "disconnected 4000"],
      suspended: ["disconnected", "disconnected 4000"],
    },
  },
  dispose: {
    event: { type: "dispose" },
    to: {
      disconnected: ["disposed"],
      connecting: ["disposed", "disconnected 1000"],
      connected: ["disposed", "disconnected 1000"],
      reconnecting: ["disposed", "disconnected 1000"],
      suspended: ["disposed", "disconnected 1000"],
      disconnecting: ["disposed", "disconnected 1000"],
    },
  },
  woken: { event: { type: "woken" }, to: { reconnecting: ["connecting", "connecting"] } },
  suspended: {
    event: { type: "suspended" },
    to: {
      connecting: ["suspended", "reconnecting 1000 0"],
      connected: ["suspended", "reconnecting 1000 0"],
      reconnecting: ["suspended", "reconnecting 1000 0"],
    },
  },
  restored: { event: { type: "restored" }, to: { suspended: ["connecting", "connecting"] } },
  opened: { event: opened, to: { connecting: ["connected", "connected"] } },
  "a failure": {
    event: failed(),
    to: {
      connecting: ["reconnecting", "reconnecting 1006 250"],
      connected: ["reconnecting", "reconnecting 1006 250"],
      disconnecting: ["disconnected", "disconnected 1006"],
    },
  },
  "a final refusal": {
    event: failed({ error: refusal, code: 4403 }),
    to: {
      connecting: ["disconnected", "disconnected 4403"],
      connected: ["disconnected", "disconnected 4403"],
      disconnecting: ["disconnected", "disconnected 4403"],
    },
  },
  "the timer": {
    event: timer,
    to: {
      connecting: ["reconnecting", "reconnecting 1006 250"],
      connected: ["connected"],
      reconnecting: ["connecting", "connecting"],
      disconnecting: ["disconnected", "disconnected 1006"],
    },
  },
};

describe("every happening in every state", () => {
  for (const [what, { event, to }] of Object.entries(TABLE)) {
    it.each(NAMES)(`${what} while %s`, (name) => {
      const step = run(at(name), event);
      const [expected, ...told] = to[name] ?? [name];
      expect({ name: step.name, told: step.told }).toEqual({ name: expected, told });
      if (!to[name]) expect(step.state).toEqual(at(name));
    });
  }
});

describe("coming back", () => {
  it("delays within full jitter: a random part of the doubling bound", () => {
    const delays = [1, 2, 3, 4, 5, 6, 7, 8, 50].map(
      (attempts) => run(at("connecting", { attempts }), failed(), {}, 0.999_999).state.timeoutMs,
    );
    expect(delays).toEqual([499, 999, 1999, 3999, 7999, 15_999, 29_999, 29_999, 29_999]);
    expect(run(at("connecting", { attempts: 5 }), failed(), {}, 0).state.timeoutMs).toBe(0);
  });

  it("honours the server's wish when it is longer", () => {
    expect(run(at("connecting"), failed({}, 9_000)).told).toEqual(["reconnecting 1006 9000"]);
    expect(run(at("connecting"), failed({}, 10)).told).toEqual(["reconnecting 1006 250"]);
  });

  it("forgets failures only when a connection has lasted", () => {
    const open = run(at("connecting", { attempts: 6 }), opened).state;
    expect(open).toMatchObject({ name: "connected", attempts: 6, timeoutMs: policy.settleMs });
    expect(run(open, failed()).state.timeoutMs).toBe(8_000);
    const lasting = run(open, timer).state;
    expect(lasting).toMatchObject({ name: "connected", attempts: 0, timeoutMs: undefined });
    expect(run(lasting, failed()).state.timeoutMs).toBe(250);
  });

  it("counts attempts in a row and stops at maxAttempts", () => {
    expect(run(at("connecting", { attempts: 2 }), failed(), { maxAttempts: 3 }).name).toBe("reconnecting");
    const last = run(at("connecting", { attempts: 3 }), failed(), { maxAttempts: 3 });
    expect(last.name).toBe("disconnected");
    expect(last.notices).toContainEqual({ type: "disconnected", code: 1006, reason: "", error });
  });

  it("never comes back with maxAttempts 0", () => {
    expect(run(at("connected", { attempts: 0 }), failed(), { maxAttempts: 0 }).told).toEqual(["disconnected 1006"]);
  });
});

describe("a refused token", () => {
  const refused = failed({ error: noUser, code: 4401 });

  it("is asked for anew once, at once, when there is a function to ask", () => {
    const step = run(at("connecting"), refused, { canRefresh: true });
    expect(step.told).toEqual(["reconnecting 4401 0"]);
    expect(step.state).toMatchObject({ fresh: true, timeoutMs: 0 });
  });

  it("is asked for anew after an HTTP 401 too, but not when the function itself says so", () => {
    const failure = (status?: number) => failed({ error: new WebsocketsSimpleError("UNAUTHORIZED", "x", { status }) });
    expect(run(at("connecting"), failure(401), { canRefresh: true }).told).toEqual(["reconnecting 1006 0"]);
    expect(run(at("connecting"), failure(), { canRefresh: true }).told).toEqual(["disconnected 1006"]);
  });

  it("ends it the second time", () => {
    expect(run(at("connected", { fresh: true }), refused, { canRefresh: true }).told).toEqual(["disconnected 4401"]);
  });

  it("ends it at once when the token is a string", () => {
    expect(run(at("connected"), refused).told).toEqual(["disconnected 4401"]);
  });

  it("may be asked for again after a lasting connection", () => {
    const lasting = run(at("connected", { fresh: true }), timer).state;
    expect(run(lasting, refused, { canRefresh: true }).state).toMatchObject({ fresh: true, timeoutMs: 0 });
  });
});

describe("time limits", () => {
  it("bounds an attempt, and says which option", () => {
    const { notices } = run(at("connecting"), timer);
    expect(notices[0]?.error?.message).toContain("10000 ms (option connectTimeoutMs)");
  });

  it.each<[ClientState, ConnectionEvent, number | undefined]>([
    ["connecting", { type: "connect" }, policy.connectTimeoutMs],
    ["disconnecting", disconnect, policy.closeTimeoutMs],
    ["suspended", { type: "suspended" }, undefined],
  ])("gives %s its own", (name, event, timeoutMs) => {
    const from = name === "connecting" ? "disconnected" : "connected";
    expect(run(at(from), event).state).toMatchObject({ name, timeoutMs });
  });
});

describe("whatever happens, in whatever order", () => {
  const anyEvent = fc.oneof(
    fc.constantFrom<ConnectionEvent>(
      { type: "connect" },
      disconnect,
      { type: "woken" },
      { type: "suspended" },
      { type: "restored" },
      { type: "dispose" },
    ),
    fc.record({
      type: fc.constantFrom("opened", "timer", "failed"),
      code: fc.constantFrom(1000, 1006),
      error: fc.constantFrom(undefined, error, refusal, noUser),
    }),
  );

  it("the notices tell a consistent story and only live states have timers", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(anyEvent, fc.double({ min: 0, max: 0.999, noNaN: true })), { maxLength: 60 }),
        fc.boolean(),
        fc.constantFrom(0, 1, 3, Number.POSITIVE_INFINITY),
        (events, canRefresh, maxAttempts) => {
          let state = INITIAL_STATE;
          let told = "disconnected";
          const allowed: Record<string, string[]> = {
            disconnected: ["connecting"],
            connecting: ["connected", "reconnecting", "disconnected"],
            connected: ["reconnecting", "disconnected"],
            reconnecting: ["connecting", "reconnecting", "disconnected"],
          };
          for (const [wish, random] of events) {
            const event =
              "code" in wish
                ? {
                    type: wish.type,
                    ...(wish.type === "failed" && {
                      ending: { reason: "", code: wish.code, ...(wish.error && { error: wish.error }) },
                    }),
                  }
                : wish;
            const before = state;
            state = next({ ...policy, canRefresh, maxAttempts }, state, event as ConnectionEvent, random);
            if (before.name === "disposed") expect(state).toBe(before);
            for (const { type } of noticesOf(state, before)) {
              expect(allowed[told]).toContain(type);
              told = type;
            }
            if (["disconnected", "suspended", "disposed"].includes(state.name)) expect(state.timeoutMs).toBeUndefined();
            if (["connecting", "reconnecting", "disconnecting"].includes(state.name))
              expect(state.timeoutMs).toBeGreaterThanOrEqual(0);
            if (["disconnected", "disposed"].includes(state.name)) expect(told).toBe("disconnected");
            if (state.name === "connected") expect(told).toBe("connected");
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
