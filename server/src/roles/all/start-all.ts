import { resolve } from 'node:path';
import { dataFolder } from '@samovar/contract/data-folder';
import type { SupervisorStep } from '@samovar/contract/process-messages';
import type { ServerSettings } from '../../config/load-settings.ts';
import type { Log } from '../../kernel/ports/log.ts';
import type { Running } from '../../kernel/ports/running.ts';
import { openCertificate } from '../open-certificate.ts';
import { claimPorts } from './claim-ports.ts';
import { endOrphans, readSupervisorRecord } from './end-orphans.ts';
import { prepareDataFolder } from './prepare-data-folder.ts';
import { superviseRun } from './supervise-run.ts';
import { acquireSupervisorLock } from './supervisor-lock.ts';

/**
 * The supervisor: embedded PostgreSQL (unless the company's is set) and one process of each role, on one machine.
 * Everything that can be wrong with the machine is told before anything heavy begins.
 */
export async function startAll(
  settings: ServerSettings,
  log: Log,
  tell: (step: SupervisorStep) => void,
): Promise<Running> {
  const data = dataFolder(resolve(settings.data));
  tell('data-folder');
  await prepareDataFolder(data);
  // Each api process reads it again; a certificate that cannot be used is told before anything heavy begins.
  (await openCertificate(settings, log))?.stop();
  const lock = acquireSupervisorLock(data.supervisorLock);
  try {
    const earlier = readSupervisorRecord(data.supervisor);
    if (earlier) {
      tell('orphans');
      await endOrphans(earlier, log);
    }
    const { port, grpcPort } = await claimPorts(settings);
    const run = await superviseRun({ settings, data, port, grpcPort, earlier, log, tell });
    return {
      async stop(graceMs) {
        await run.stop(graceMs);
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}
