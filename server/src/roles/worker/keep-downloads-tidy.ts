import type { Log } from '../../kernel/ports/log.ts';
import type { Running } from '../../kernel/ports/running.ts';
import { type DownloadSweep, sweepDownloads } from '../../modules/registry/index.ts';

const everyMs = 3_600_000;

/** Sweeps this machine's downloads now and every hour: a job of the queue would run on one machine of many. */
export function keepDownloadsTidy(sweep: DownloadSweep & { readonly log: Log }): Running {
  let sweeping: Promise<unknown> = Promise.resolve();
  const begin = () => {
    sweeping = sweepDownloads(sweep).catch((error: unknown) => {
      sweep.log.warn({ error: String(error) }, 'what downloads have left behind could not be removed');
    });
  };
  begin();
  const timer = setInterval(begin, everyMs);
  return {
    async stop() {
      clearInterval(timer);
      await sweeping;
    },
  };
}
