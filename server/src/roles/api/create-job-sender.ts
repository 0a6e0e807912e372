import type { JobSender } from '../../kernel/ports/job-queue.ts';
import type { QueueAddress } from '../../platform/queue/queue-options.ts';

/**
 * Sends the few jobs that people ask for. The queue is open for the call alone: an api process starts without it, and
 * without its library, which takes some 9 MB.
 */
export function createJobSender(address: QueueAddress): JobSender {
  return {
    async send(...job) {
      const { createJobQueue } = await import('../../platform/queue/create-job-queue.ts');
      const queue = await createJobQueue({ ...address, part: 'sender' });
      try {
        await queue.send(...job);
      } finally {
        await queue.stop(0);
      }
    },
  };
}
