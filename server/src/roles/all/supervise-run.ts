import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DataFolder, SupervisorRecord } from '@samovar/contract/data-folder';
import { ownIdentity, signalProcess } from '@samovar/contract/process-identity';
import { runIdVariable, type SupervisorStep } from '@samovar/contract/process-messages';
import { childEnvironment } from '../../config/child-environment.ts';
import type { ServerSettings } from '../../config/load-settings.ts';
import { newId } from '../../kernel/ids.ts';
import type { Log } from '../../kernel/ports/log.ts';
import type { Running } from '../../kernel/ports/running.ts';
import type { EmbeddedPostgres } from '../../platform/embedded-postgres/embedded-postgres.ts';
import { endProcess } from '../../platform/process/end-process.ts';
import { rotateLogFile } from '../../platform/process/log-file.ts';
import { processesOfRun } from '../../platform/process/processes-of-run.ts';
import { writeFileWhole } from '../../platform/process/write-file-whole.ts';
import { ownVersion } from '../prepare/own-version.ts';
import { createRoleProcess, type RoleProcess, runRole } from './role-process.ts';
import { startOwnPostgres } from './start-own-postgres.ts';
import { type PostgresWatch, watchPostgres } from './watch-postgres.ts';

export interface RunOptions {
  readonly settings: ServerSettings;
  readonly data: DataFolder;
  readonly port: number;
  readonly earlier: SupervisorRecord | null;
  readonly log: Log;
  tell(step: SupervisorStep): void;
}

/** What `stop` waits for beyond the time that streams get: flushing and closing. */
const closingMs = 10_000;
const rotateEveryMs = 30_000;

/** Starts PostgreSQL, `prepare` and the three roles, and keeps them running until `stop`. */
export async function superviseRun(options: RunOptions): Promise<Running> {
  const { settings, data, log } = options;
  const runId = newId();
  const startedAtMs = Date.now();
  let postgres: EmbeddedPostgres | null = null;
  let postgresStartedAtMs = startedAtMs;
  let postgresRestarts = 0;
  let watch: PostgresWatch | null = null;
  const roles: RoleProcess[] = [];

  function record(): void {
    const children = roles.flatMap((role) => role.current() ?? []);
    if (postgres)
      children.unshift({
        ...postgres.identity(),
        role: 'postgres',
        startedAtMs: postgresStartedAtMs,
        restarts: postgresRestarts,
      });
    const url = `http://${reachableHost(settings.host)}:${options.port}`;
    const content: SupervisorRecord = {
      ...ownIdentity(),
      version: ownVersion(),
      url,
      runId,
      startedAtMs,
      children,
    };
    writeFileWhole(data.supervisor, JSON.stringify(content));
  }

  /** Whatever ends this process, even a second signal or a fault of ours, takes the children with it. */
  function killAll(): void {
    for (const role of roles) {
      const child = role.current();
      if (child) signalProcess(child, 'SIGKILL');
    }
    for (const left of processesOfRun(runId)) signalProcess(left, 'SIGKILL');
    if (postgres) signalProcess(postgres.identity(), 'SIGQUIT');
  }

  async function stopRole(name: string, graceMs: number): Promise<void> {
    await roles.find((role) => role.name === name)?.stop(graceMs);
  }

  async function stop(graceMs: number): Promise<void> {
    log.info({ graceMs }, 'stopping');
    clearInterval(rotation);
    await stopRole('api', graceMs + closingMs);
    await stopRole('worker', closingMs);
    await stopRole('engine', closingMs);
    await Promise.all(processesOfRun(runId).map((left) => endProcess(left, closingMs)));
    await watch?.stop();
    await postgres?.stop();
    if (postgres) rmSync(postgres.socketFolder, { recursive: true, force: true });
    process.off('exit', killAll);
    rmSync(data.supervisor, { force: true });
    log.info({}, 'stopped');
  }

  process.on('exit', killAll);
  const rotation = setInterval(() => rotateLogs(data.logs, log), rotateEveryMs);
  rotation.unref();
  try {
    if (settings.postgresUrl === null) {
      options.tell('postgres');
      postgres = await startOwnPostgres(data, options.earlier);
      log.info({ adopted: postgres.adopted, postgresPid: postgres.identity().pid }, 'PostgreSQL answers');
      record();
      watch = watchPostgres(postgres, log, () => {
        postgresRestarts += 1;
        postgresStartedAtMs = Date.now();
        record();
      });
    }
    const environment = childEnvironment({
      [runIdVariable]: runId,
      SAMOVAR_DATA: data.root,
      SAMOVAR_HOST: settings.host,
      SAMOVAR_PORT: String(options.port),
      ...(postgres ? { SAMOVAR_POSTGRES_URL: postgres.url } : {}),
    });
    const common = { environment, log, onChange: record };
    options.tell('prepare');
    await runRole({ ...common, role: 'prepare', logPath: join(data.logs, 'prepare.log') });
    options.tell('roles');
    for (const role of ['api', 'engine', 'worker'] as const)
      roles.push(createRoleProcess({ ...common, role, logPath: join(data.logs, `${role}.log`) }));
    await Promise.all(roles.map((role) => role.start()));
    log.info({}, 'all processes are ready');
    return { stop };
  } catch (error) {
    await stop(0);
    throw error;
  }
}

function rotateLogs(folder: string, log: Log): void {
  for (const name of readdirSync(folder)) {
    if (name.endsWith('.log') && rotateLogFile(join(folder, name))) log.info({ name }, 'rotated a log');
  }
}

/** An address to call from this machine for one to listen on. */
function reachableHost(host: string): string {
  if (host === '0.0.0.0' || host === '') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
