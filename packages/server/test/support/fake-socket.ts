import type { EngineSocket, Unfinished } from "../../src/socket.ts";

/** A socket whose figures the test sets. */
export class FakeSocket implements EngineSocket {
  isOpen = true;
  bufferedBytes = 0;
  takenBytes = 0;
  receivedBytes = 0;
  isReading = true;
  unfinished: Unfinished | undefined;
  pings = 0;
  send(): boolean {
    return true;
  }
  flush(): boolean {
    return true;
  }
  sendPing(): void {
    this.pings++;
  }
  close(): void {}
  terminate(): void {}
  pause(): void {}
  resume(): void {}
  setMaxPayload(): void {}
}
