import type { OnReadOpts, Socket } from 'node:net';
import { parseResponseHead, type ResponseHead } from '../../worker-transport/response-head.ts';
import type { ByteBody } from '../download/byte-body.ts';
import { PassingFault } from '../passing-fault.ts';

const readBytes = 256 * 1024;
/** What may still come out of a TLS connection after reading was stopped is far less. */
const heldBytes = 1024 * 1024;
const mostHeadBytes = 64 * 1024;

/**
 * One connection that asks for parts of files, one after the other, and reads into one buffer for ever: a general
 * HTTP client allocates 64 KiB for each read, which keeps the collector busy and makes a process twice as large.
 */
export interface PartConnection {
  /** Takes the connection for another request; `false` when it is busy or gone. */
  reserve(): boolean;
  /** Sends a request (its head, with the empty line) and reads the head of the answer. */
  ask(head: string): Promise<ResponseHead>;
  /** The body of the answer, which has so many bytes; to be destroyed in any case, which frees the connection. */
  body(lengthBytes: number): ByteBody;
  destroy(reason?: Error): void;
}

export function createPartConnection(
  open: (onread: OnReadOpts) => Socket,
  isEncrypted: boolean,
): PartConnection {
  const intake = Buffer.allocUnsafeSlow(readBytes);
  // Out of what TLS has read already one record comes after the other, into the same intake each time, even when
  // reading was stopped: they are gathered here.
  const buffer = isEncrypted ? Buffer.allocUnsafeSlow(heldBytes) : intake;
  /** What of the buffer has not been taken yet. */
  let [from, to] = [0, 0];
  let failure: Error | null = null;
  let wake: (() => void) | null = null;
  let isBusy = true;
  const socket = open({
    buffer: intake,
    callback(count) {
      if (from === to) [from, to] = [0, 0];
      if (!isEncrypted) to = count;
      else if (to + count <= buffer.length) to += intake.copy(buffer, to, 0, count);
      else fail(new Error('the connection carried more than was read from it'));
      wake?.();
      // Nothing is read before this is taken.
      return false;
    },
  });
  const fail = (reason: Error) => {
    failure ??= reason;
    wake?.();
  };
  socket.on('error', fail);
  socket.on('close', () => fail(new PassingFault('the connection was closed')));
  socket.on('end', () => fail(new PassingFault('the connection was closed')));

  /** Waits until the buffer holds something; returns the failure when nothing more will come. */
  async function more(): Promise<Error | null> {
    if (from < to || failure !== null) return from < to ? null : failure;
    await new Promise<void>((resolve) => {
      wake = resolve;
      socket.resume();
    });
    wake = null;
    return from < to ? null : failure;
  }

  return {
    reserve() {
      if (isBusy || failure !== null) return false;
      isBusy = true;
      return true;
    },
    async ask(head) {
      socket.write(head, 'latin1');
      let text = '';
      for (;;) {
        const failed = await more();
        if (failed !== null) throw failed;
        text += buffer.toString('latin1', from, to);
        const end = text.indexOf('\r\n\r\n');
        if (end >= 0) {
          from = to - (text.length - end - 4);
          return parseResponseHead(text.slice(0, end));
        }
        from = to;
        if (text.length > mostHeadBytes) throw new Error('the answer has too long a head');
      }
    },
    body(lengthBytes) {
      let left = lengthBytes;
      let received = 0;
      let isDone = false;
      return {
        async fill(into) {
          let filled = 0;
          while (filled < into.length && left > 0) {
            const failed = await more();
            if (failed !== null && filled === 0) throw failed;
            // What came before the failure first.
            if (failed !== null) break;
            const count = buffer.copy(into, filled, from, Math.min(to, from + left));
            from += count;
            left -= count;
            filled += count;
            received += count;
          }
          return filled;
        },
        receivedBytes: () => received,
        destroy(reason) {
          if (isDone) return;
          isDone = true;
          // Whole: the connection is free for whoever comes next.
          if (left === 0) isBusy = false;
          if (left === 0) return;
          // Whoever waits hears of it now.
          fail(reason ?? new PassingFault('the rest was given up'));
          socket.destroy();
        },
      };
    },
    destroy(reason) {
      if (reason) fail(reason);
      socket.destroy();
    },
  };
}
