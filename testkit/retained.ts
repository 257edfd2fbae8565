import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Bytes of all buffers that are still held. */
export function retained(): number {
  return collected().arrayBuffers;
}

/** Bytes of all objects and texts that are still held. */
export function retainedHeap(): number {
  return collected().heapUsed;
}

function collected(): NodeJS.MemoryUsage {
  // Buffers are freed in the background; another collection waits for that.
  collectGarbage();
  collectGarbage();
  return process.memoryUsage();
}
