import { flushCompileCache } from 'node:module';
import type { ServerSettings } from '../config/load-settings.ts';
import { asSamovarError } from '../kernel/errors.ts';
import type { Log } from '../kernel/ports/log.ts';
import type { Running } from '../kernel/ports/running.ts';
import { collectStartGarbage } from './collect-start-garbage.ts';
import { tellParent } from './tell-parent.ts';

export interface RoleRun {
  /** Stop, and soon, when the parent is gone: without a supervisor a process is an orphan. */
  readonly endsWithParent: boolean;
  loadSettings(): ServerSettings;
  makeLog(settings: ServerSettings): Log;
  /** `null` for a role that ends when its work is done. */
  start(settings: ServerSettings, log: Log): Promise<Running | null>;
}

/** What a role gets to finish with when its supervisor was killed: the next one may be waiting for its place. */
const orphanGraceMs = 2_000;

/**
 * Runs a role for the life of this process: the first SIGTERM, SIGINT or SIGHUP drains it, a second one ends it at
 * once. What keeps it from starting is told in one sentence with its remedy, and the exit status is 1.
 */
export async function runUntilSignal(run: RoleRun): Promise<void> {
  const stop = stopWhenStarted(run.endsWithParent);
  try {
    const settings = run.loadSettings();
    const log = run.makeLog(settings);
    endOnFault(log);
    const running = await run.start(settings, log);
    if (running === null) process.exit(0);
    collectStartGarbage();
    tellParent({ kind: 'ready' });
    // Kept now, while it is whole: a killed process saves nothing.
    flushCompileCache();
    stop.started(running, settings.drainSeconds * 1000, log);
  } catch (thrown) {
    await explain(thrown);
    process.exit(1);
  }
}

/** Takes signals from the beginning; one that comes while the role starts is honoured when it has started. */
function stopWhenStarted(endsWithParent: boolean) {
  let asked: 'signal' | 'orphan' | null = null;
  let begun: { running: Running; drainMs: number; log: Log } | null = null;

  function ask(reason: 'signal' | 'orphan'): void {
    if (asked !== null) {
      if (reason === 'signal') process.exit(130);
      return;
    }
    asked = reason;
    if (begun) void stop(begun.running, reason === 'orphan' ? orphanGraceMs : begun.drainMs, begun.log);
  }

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => ask('signal'));
  if (endsWithParent) process.once('disconnect', () => ask('orphan'));
  return {
    started(running: Running, drainMs: number, log: Log): void {
      begun = { running, drainMs, log };
      if (asked) void stop(running, asked === 'orphan' ? orphanGraceMs : drainMs, log);
    },
  };
}

async function stop(running: Running, graceMs: number, log: Log): Promise<void> {
  try {
    await running.stop(graceMs);
    process.exit(0);
  } catch (error) {
    log.error({ error }, 'stopping failed');
    process.exit(1);
  }
}

function endOnFault(log: Log): void {
  const end = (error: unknown) => {
    log.error({ error }, 'a fault that nothing handled; this process ends');
    process.exit(1);
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
}

async function explain(thrown: unknown): Promise<void> {
  const error = asSamovarError(thrown);
  const isOurs = error.code !== 'system.internal';
  process.stderr.write(`${error.message}\n${error.remedy}\n`);
  if (!isOurs) process.stderr.write(`${thrown instanceof Error ? thrown.stack : String(thrown)}\n`);
  const { code, params, message, remedy } = error;
  await new Promise<void>((resolve) => {
    if (!process.connected || !process.send) return resolve();
    process.send({ kind: 'failed', code, params, message, remedy }, undefined, undefined, () => resolve());
  });
}
