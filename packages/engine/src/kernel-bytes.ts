import type { Duplex } from "node:stream";

/** What libuv knows of a stream: bytes that it was given, and those of them that the kernel has not taken yet. */
interface NodeHandle {
  readonly bytesRead?: number;
  readonly bytesWritten?: number;
  readonly writeQueueSize?: number;
  /** Under TLS: the handle below. */
  readonly _parent?: NodeHandle;
}

/** A stream of Node's that has such a handle. */
interface NodeStream {
  readonly _handle?: NodeHandle | null;
  readonly bytesRead?: number;
  readonly bytesWritten?: number;
}

/** Under TLS it is the TCP connection below that the kernel takes bytes from. */
function handleOf(stream: NodeStream): NodeHandle | null | undefined {
  return stream._handle?._parent ?? stream._handle;
}

/** How many bytes the kernel was given and has not taken. What Node itself holds back for a moment is not among them. */
export function kernelBacklog(stream: Duplex & NodeStream): number {
  return handleOf(stream)?.writeQueueSize ?? stream.writableLength;
}

/** How many bytes of a stream the kernel has taken. The stream MUST NOT be destroyed: it has no handle any more. */
export function kernelBytes(stream: Duplex & NodeStream): number {
  const handle = handleOf(stream);
  const given = handle?.bytesWritten;
  const waiting = handle?.writeQueueSize;
  // No public property of Node says how much of a write that is under way has left libuv. Should these fields ever be
  // gone, whole writes count, and the suite fails.
  if (typeof given === "number" && typeof waiting === "number") return given - waiting;
  // Only then: to tell its `bytesWritten`, a stream walks through all that waits.
  return (stream.bytesWritten ?? 0) - stream.writableLength;
}

/** How many bytes came: under TLS they are counted as they come, not only when a record of 16 KiB is whole. */
export function bytesRead(stream: Duplex & NodeStream): number {
  return handleOf(stream)?.bytesRead ?? stream.bytesRead ?? 0;
}
