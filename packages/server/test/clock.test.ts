import { connect, createServer, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { within } from "../../../testkit/raw-socket.ts";
import { systemClock } from "../src/clock.ts";

test("afterReads runs after what lay unread in the kernel was read, from whatever phase of the event loop", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
  const writer = connect((server.address() as { port: number }).port, "127.0.0.1");
  const reader = await within("a connection", accepted);
  onTestFinished(() => {
    writer.destroy();
    reader.destroy();
    server.close();
  });
  let read = 0;
  reader.on("data", (bytes) => (read += bytes.length));
  const phases: ((run: () => void) => void)[] = [
    (run) => setTimeout(run, 0),
    setImmediate,
    (run) => reader.once("data", run),
    queueMicrotask,
  ];
  for (let round = 0; round < 20; round++) {
    for (const enter of phases) {
      const seen = new Promise<[number, number]>((resolve) => {
        enter(() => {
          const before = read;
          writer.write("unread");
          systemClock.afterReads(() => resolve([before, read]));
        });
      });
      writer.write("a");
      const [before, after] = await within("afterReads", seen);
      expect(after - before).toBeGreaterThanOrEqual(6);
    }
  }
});
