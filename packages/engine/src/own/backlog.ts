/** What waits for a write that has not finished. */
export class Backlog {
  /** Frames behind that write, in memory of their own. */
  queue: Buffer[] = [];
  size = 0;
  /** Messages that have left when that write has, and their bytes of payload. */
  writing = 0;
  writingBytes = 0;
  /** Those behind it, or in it: nobody knows yet. */
  waiting = 0;
  waitingBytes = 0;
  isTold = false;
  /** In which turn that write was begun. */
  since = 0;

  /** Counts what was sent; with nothing behind that write, all of it is in it. */
  count(messages: number, bytes: number): void {
    if (this.queue.length > 0) {
      this.waiting += messages;
      this.waitingBytes += bytes;
    } else {
      this.writing += messages;
      this.writingBytes += bytes;
    }
  }
}
