import { join } from 'node:path';
import type { DataFolder, SupervisorRecord } from '@samovar/contract/data-folder';
import { signalProcess } from '@samovar/contract/process-identity';
import { runIdVariable, type SupervisorStep } from '@samovar/contract/process-messages';
import { childEnvironment } from '../../config/child-environment.ts';
import type { ServerSettings } from '../../config/load-settings.ts';
import { newId } from '../../kernel/ids.ts';
import type { Log } from '../../kernel/ports/log.ts';
import type { Running } from '../../kernel/ports/running.ts';
import { endProcess } from '../../platform/process/end-process.ts';
import { processesOfRun } from '../../platform/process/processes-of-run.ts';
import { removeWorkerSockets } from '../../platform/worker-runner/remove-worker-sockets.ts';
import { keepLogsSmall } from './keep-logs-small.ts';
import { type OwnPostgres, startOwnPostgres } from './own-postgres.ts';
import { createRoleProcess, type RoleProcess, runRole } from './role-process.ts';
import { createRunRecord } from './run-record.ts';

export interface RunOptions {
  readonly settings: ServerSettings;
  readonly data: DataFolder;
  readonly port: number;
  readonly grpcPort: number;
  readonly earlier: SupervisorRecord | null;
  readonly log: Log;
  tell(step: SupervisorStep): void;
}

/** What `stop` waits for beyond the time that streams get: flushing and closing. */
const closingMs = 10_000;

/** Starts PostgreSQL, `prepare` and the three roles, and keeps them running until `stop`. */
export async function superviseRun(options: RunOptions): Promise<Running> {
  const { settings, data, port, grpcPort, log } = options;
  const runId = newId();
  const record = createRunRecord(data, {
    runId,
    startedAtMs: Date.now(),
    host: settings.host,
    port,
    grpcPort,
    tlsCertFile: settings.tlsCertFile,
  });
  removeWorkerSockets(data.run);
  const roles = new Map<string, RoleProcess>();
  let postgres: OwnPostgres | null = null;

  function writeRecord(): void {
    const running = [...roles.values()].flatMap((role) => role.current() ?? []);
    record.write(postgres ? [postgres.current(), ...running] : running);
  }

  /** While the run goes on: a full disk must not end it. */
  function updateRecord(): void {
    try {
      writeRecord();
    } catch (error) {
      log.error({ error }, 'the record of this run could not be written; the CLI shows an older one');
    }
  }

  /** Whatever ends this process, even a second signal or a fault of ours, takes the others with it. */
  function killAll(): void {
    for (const left of processesOfRun(runId)) signalProcess(left, 'SIGKILL');
    for (const role of roles.values()) role.kill();
    postgres?.kill();
  }

  async function stop(graceMs: number): Promise<void> {
    log.info({ graceMs }, 'stopping');
    logKeeper.stop();
    await roles.get('api')?.stop(graceMs + closingMs);
    await roles.get('worker')?.stop(closingMs);
    await roles.get('engine')?.stop(closingMs);
    await Promise.all(processesOfRun(runId).map((left) => endProcess(left, closingMs)));
    removeWorkerSockets(data.run);
    await postgres?.stop();
    process.off('exit', killAll);
    record.remove();
    log.info({}, 'stopped');
  }

  process.on('exit', killAll);
  const logKeeper = keepLogsSmall(data.logs, log);
  try {
    // Before anything is started: a run that is killed at any moment is known by its mark.
    writeRecord();
    if (settings.postgresUrl === null) {
      options.tell('postgres');
      postgres = await startOwnPostgres(data, options.earlier, log, updateRecord);
      writeRecord();
    }
    const environment = childEnvironment({
      [runIdVariable]: runId,
      SAMOVAR_DATA: data.root,
      SAMOVAR_HOST: settings.host,
      SAMOVAR_PORT: String(port),
      SAMOVAR_GRPC_PORT: String(grpcPort),
      ...(postgres ? { SAMOVAR_POSTGRES_URL: postgres.url } : {}),
    });
    const common = { environment, log, onChange: updateRecord };
    options.tell('prepare');
    await runRole({ ...common, role: 'prepare', logPath: join(data.logs, 'prepare.log') });
    options.tell('roles');
    for (const role of ['api', 'engine', 'worker'] as const)
      roles.set(role, createRoleProcess({ ...common, role, logPath: join(data.logs, `${role}.log`) }));
    await Promise.all([...roles.values()].map((role) => role.start()));
    log.info({}, 'all processes are ready');
    return { stop };
  } catch (error) {
    await stop(0);
    throw error;
  }
}
