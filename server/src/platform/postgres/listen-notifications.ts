import { Client } from 'pg';
import type { Log } from '../../kernel/ports/log.ts';
import type { Notifications } from '../../kernel/ports/notifications.ts';
import { createWakeUp } from '../../kernel/wake-up.ts';
import { connectionOptions, type PostgresAddress } from './connection-options.ts';
import { quoteIdentifier } from './quote-identifier.ts';

export interface NotificationListener extends Notifications {
  stop(): Promise<void>;
}

/** A silent connection is asked this often whether it still stands: a server that vanished says nothing. */
const checkMs = 5_000;
const firstBackOffMs = 250;
const longestBackOffMs = 2_000;

/**
 * Listens on a connection of its own, which is made again when it breaks. Behind a transaction pooler nothing is
 * ever heard, which listeners must stand.
 */
export function listenNotifications(options: PostgresAddress & { readonly log: Log }): NotificationListener {
  const listeners = new Map<string, Set<(payload: string) => void>>();
  const wakeUp = createWakeUp();
  let listening: ReadonlySet<string> = new Set();
  let stopping = false;

  function tell(channel: string, payload: string): void {
    for (const listener of listeners.get(channel) ?? []) listener(payload);
  }

  async function listen(client: Client): Promise<void> {
    const known = new Set<string>();
    client.on('notification', ({ channel, payload }) => tell(channel, payload ?? ''));
    client.on('error', wakeUp.wake);
    await client.connect();
    while (!stopping) {
      for (const channel of listeners.keys()) {
        if (known.has(channel)) continue;
        await client.query(`listen ${quoteIdentifier(channel)}`);
        known.add(channel);
        listening = known;
        // What was sent before nobody heard.
        tell(channel, '');
      }
      await client.query('select 1');
      await wakeUp.wait(checkMs);
    }
  }

  async function run(): Promise<void> {
    let backOffMs = firstBackOffMs;
    while (!stopping) {
      const client = new Client({ ...connectionOptions(options), query_timeout: 5000 });
      try {
        await listen(client);
      } catch (error) {
        if (listening.size > 0) backOffMs = firstBackOffMs;
        listening = new Set();
        const fields = { error: String(error), retryInMs: backOffMs };
        options.log.debug(fields, 'notifications are not heard at present; what they tell is read in turns');
        await wakeUp.wait(backOffMs);
        backOffMs = Math.min(backOffMs * 2, longestBackOffMs);
      } finally {
        await close(client, options.log);
      }
    }
  }

  const running = run();
  return {
    subscribe(channel, listener) {
      const others = listeners.get(channel) ?? new Set();
      listeners.set(channel, others.add(listener));
      if (listening.has(channel)) listener('');
      else wakeUp.wake();
      return () => others.delete(listener);
    },
    async stop() {
      stopping = true;
      wakeUp.wake();
      await running;
    },
  };
}

async function close(client: Client, log: Log): Promise<void> {
  try {
    await client.end();
  } catch (error) {
    log.debug({ error: String(error) }, 'the connection that listened was broken already');
  }
}
