import { type AddressInfo, createServer } from "node:net";
import { onTestFinished } from "vitest";

/** Node's own object for a TCP socket: there is no public one to ask. */
interface Handle {
  getsockname(told: Partial<AddressInfo>): void;
  getpeername(told: Partial<AddressInfo>): void;
  setNoDelay(isOn: boolean): number;
  listen(backlog: number): number;
}

/** What the system is told of TCP sockets until the test ends. */
export interface WatchedTcp {
  /** Of each socket with that port on its own side that was told, whether small segments leave at once. */
  noDelayAt(port: number): boolean[];
  /** The same by the port of the other side. */
  noDelayTo(port: number): boolean[];
  /** How many connections may wait, for each port that was opened, in order. */
  readonly backlogs: readonly number[];
}

/** Watches what the system is told of TCP sockets. */
export async function watchTcp(): Promise<WatchedTcp> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const prototype = Object.getPrototypeOf((server as unknown as { _handle: Handle })._handle) as Handle;
  await new Promise((resolve) => server.close(resolve));
  const { setNoDelay, listen } = prototype;
  const told = new Map<Handle, { at: number | undefined; to: number | undefined; isOn: boolean }>();
  const backlogs: number[] = [];
  prototype.setNoDelay = function (isOn) {
    const [at, to]: Partial<AddressInfo>[] = [{}, {}];
    this.getsockname(at as object);
    this.getpeername(to as object);
    told.set(this, { at: at?.port, to: to?.port, isOn });
    return setNoDelay.call(this, isOn);
  };
  prototype.listen = function (backlog) {
    backlogs.push(backlog);
    return listen.call(this, backlog);
  };
  onTestFinished(() => void Object.assign(prototype, { setNoDelay, listen }));
  return {
    noDelayAt: (port) => [...told.values()].filter(({ at }) => at === port).map(({ isOn }) => isOn),
    noDelayTo: (port) => [...told.values()].filter(({ to }) => to === port).map(({ isOn }) => isOn),
    backlogs,
  };
}
