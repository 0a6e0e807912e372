import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import type { ConfigSections } from '../../kernel/ports/config-version.ts';
import type { Log } from '../../kernel/ports/log.ts';
import { createWakeUp } from '../../kernel/wake-up.ts';
import { configChannel } from './config-version.ts';
import { connectionOptions, type PostgresAddress } from './connection-options.ts';
import { quoteIdentifier } from './quote-identifier.ts';

export interface ConfigWatchOptions extends PostgresAddress {
  readonly schema: string;
  readonly log: Log;
  /** How often the row is read; 500 when absent. */
  readonly pollMs?: number;
  /** Loads what the data path holds in memory. Called first at the start, never twice at a time, again when it threw. */
  onChange(version: string, sections: ConfigSections): Promise<void>;
}

export interface ConfigWatch {
  /** Settles when `onChange` has succeeded for the first time. */
  readonly loaded: Promise<void>;
  /** Milliseconds since the epoch when PostgreSQL last confirmed what is in memory; `null` before the first time. */
  lastConfirmedAt(): number | null;
  /**
   * Settles when `onChange` has loaded what was committed before this call; at once where PostgreSQL has not been
   * heard for a while, and after a second where it does not answer. Many calls make one reading, and 40 of them a second
   * at most. Never rejects.
   */
  catchUp(): Promise<void>;
  stop(): Promise<void>;
}

const firstBackOffMs = 250;
const longestBackOffMs = 2_000;
/** Not heard for so many polls, PostgreSQL is away: nobody waits for it. */
const awayPolls = 4;
const longestCatchUpMs = 1_000;
/** Between readings that were asked for. */
const catchUpGapMs = 25;

/**
 * Follows the one `config_version` row from a connection of its own. Reading the row is the truth; a notification
 * only hastens the next reading, so lost ones and poolers that swallow them cost at most `pollMs`.
 */
export function watchConfigVersion(options: ConfigWatchOptions): ConfigWatch {
  const pollMs = options.pollMs ?? 500;
  const wakeUp = createWakeUp();
  const loaded = Promise.withResolvers<void>();
  let stopping = false;
  let known: string | null = null;
  let confirmedAt: number | null = null;
  /** Of the reading that begins next. */
  let awaited: PromiseWithResolvers<void> | null = null;

  async function follow(client: Client): Promise<void> {
    client.on('notification', wakeUp.wake);
    client.on('error', wakeUp.wake);
    await client.connect();
    await client.query(`listen ${configChannel}`);
    while (!stopping) {
      const asked = awaited;
      awaited = null;
      const askedAt = Date.now();
      try {
        const { version, ...sections } = await readVersion(client, options.schema);
        if (version !== known) await options.onChange(version, sections);
        known = version;
      } finally {
        asked?.resolve();
      }
      confirmedAt = askedAt;
      loaded.resolve();
      await wakeUp.wait(pollMs);
      const gapMs = askedAt + catchUpGapMs - Date.now();
      if (awaited !== null && gapMs > 0) await pause(gapMs);
    }
  }

  async function run(): Promise<void> {
    let backOffMs = firstBackOffMs;
    while (!stopping) {
      const confirmedBefore = confirmedAt;
      const client = new Client({ ...connectionOptions(options), query_timeout: 5000 });
      try {
        await follow(client);
      } catch (error) {
        if (confirmedAt !== confirmedBefore) backOffMs = firstBackOffMs;
        const fields = { error: String(error), retryInMs: backOffMs, lastConfirmedAt: confirmedAt };
        options.log.warn(
          fields,
          'cannot tell whether the configuration changed; going on with what is in memory',
        );
        await wakeUp.wait(backOffMs);
        backOffMs = Math.min(backOffMs * 2, longestBackOffMs);
      } finally {
        await close(client, options.log);
      }
    }
  }

  const running = run();
  return {
    loaded: loaded.promise,
    lastConfirmedAt: () => confirmedAt,
    async catchUp() {
      if (stopping || confirmedAt === null || Date.now() - confirmedAt > awayPolls * pollMs) return;
      if (awaited === null) {
        const reading = Promise.withResolvers<void>();
        const late = setTimeout(reading.resolve, longestCatchUpMs);
        void reading.promise.then(() => clearTimeout(late));
        awaited = reading;
        wakeUp.wake();
      }
      await awaited.promise;
    },
    async stop() {
      stopping = true;
      awaited?.resolve();
      wakeUp.wake();
      await running;
    },
  };
}

type VersionRow = ConfigSections & { readonly version: string };

async function readVersion(client: Client, schema: string): Promise<VersionRow> {
  const result = await client.query<VersionRow>(
    `select version::text, keys::text, models::text, aliases::text, replicas::text
     from ${quoteIdentifier(schema)}.config_version`,
  );
  const row = result.rows[0];
  if (!row) throw new Error('the table config_version is empty');
  return row;
}

async function close(client: Client, log: Log): Promise<void> {
  try {
    await client.end();
  } catch (error) {
    log.debug({ error: String(error) }, 'the connection that watched the configuration was broken already');
  }
}
