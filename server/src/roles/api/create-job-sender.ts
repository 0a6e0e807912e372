import type { JobQueue, JobSender } from '../../kernel/ports/job-queue.ts';
import type { QueueAddress } from '../../platform/queue/queue-options.ts';

/** A set of models sends one job after the other, each in a millisecond; opening and closing takes some 25. */
const idleMs = 500;

interface OpenQueue {
  readonly queue: Promise<JobQueue>;
  users: number;
  closing: NodeJS.Timeout | null;
}

/**
 * Sends the few jobs that people ask for. The queue is open for the calls and a moment after them: an api process
 * starts without it, and without its library, which takes some 9 MB.
 */
export function createJobSender(
  address: QueueAddress,
  open: (address: QueueAddress) => Promise<JobQueue> = openQueue,
): JobSender {
  let current: OpenQueue | null = null;

  function close({ queue }: OpenQueue): void {
    queue
      .then((opened) => opened.stop(0))
      .catch((error: unknown) => {
        // Whoever wanted to send has heard of a queue that did not open; one that does not close is left to its server.
        address.log.debug({ error: String(error) }, 'the job queue was not closed in order');
      });
  }

  function forget(one: OpenQueue): void {
    if (current === one) current = null;
    if (one.users === 0) close(one);
  }

  return {
    async send(...job) {
      const used = current ?? { queue: open(address), users: 0, closing: null };
      current = used;
      if (used.closing !== null) clearTimeout(used.closing);
      used.users += 1;
      let failed = true;
      try {
        const queue = await used.queue;
        await queue.send(...job);
        failed = false;
      } finally {
        used.users -= 1;
        // After a failure the next one begins anew, as the connection may be lost.
        if (failed || current !== used) forget(used);
        else if (used.users === 0) used.closing = setTimeout(() => forget(used), idleMs);
      }
    },
  };
}

async function openQueue(address: QueueAddress): Promise<JobQueue> {
  const { createJobQueue } = await import('../../platform/queue/create-job-queue.ts');
  return await createJobQueue({ ...address, part: 'sender' });
}
