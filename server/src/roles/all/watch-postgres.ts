import { isRunning } from '@samovar/contract/process-identity';
import { asSamovarError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/ports/log.ts';
import type { EmbeddedPostgres } from '../../platform/embedded-postgres/embedded-postgres.ts';

const lookEveryMs = 500;
const longestPauseMs = 30_000;

export interface PostgresWatch {
  /** Stops looking; resolves when a restart that is under way has ended. */
  stop(): Promise<void>;
}

/** Starts the embedded server again when it is gone. An adopted one is no child of ours, so it is looked at. */
export function watchPostgres(postgres: EmbeddedPostgres, log: Log, onRestart: () => void): PostgresWatch {
  let stopped = false;
  let pauseMs = lookEveryMs;
  let running: Promise<void> = Promise.resolve();
  let timer = setTimeout(look, lookEveryMs);

  function look(): void {
    running = restartIfGone().finally(() => {
      if (!stopped) timer = setTimeout(look, pauseMs);
    });
  }

  async function restartIfGone(): Promise<void> {
    if (isRunning(postgres.identity())) {
      pauseMs = lookEveryMs;
      return;
    }
    log.error({ postgresPid: postgres.identity().pid }, 'PostgreSQL ended and is started again');
    try {
      await postgres.restart();
      onRestart();
    } catch (error) {
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
      log.error({ error: asSamovarError(error), pauseMs }, 'PostgreSQL did not start; it is tried again');
    }
  }

  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
