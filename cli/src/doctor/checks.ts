import type { CliSettings } from '../settings.ts';
import { checkCertificate } from './check-certificate.ts';
import { checkDataFolder, checkDisk } from './check-folder.ts';
import { checkAccelerator, checkMemory, checkNode, checkPlatform, checkProcessor } from './check-machine.ts';
import { checkModelSources } from './check-model-sources.ts';
import { checkRegistries } from './check-network.ts';
import { checkPorts } from './check-ports.ts';
import { checkPostgres } from './check-postgres.ts';
import { checkSettings } from './check-settings.ts';
import type { Finding } from './finding.ts';

/** Every check, in the order in which they are told. */
export async function runChecks(settings: CliSettings, withNetwork: boolean): Promise<Finding[]> {
  return [
    checkNode(),
    checkPlatform(),
    checkProcessor(),
    checkMemory(),
    await checkAccelerator(settings),
    checkSettings(settings),
    checkDataFolder(settings.values.data),
    checkDisk(settings.values.data),
    checkPostgres(settings),
    checkCertificate(settings),
    ...checkModelSources(settings),
    ...(await checkPorts(settings)),
    ...(withNetwork ? await checkRegistries(settings) : []),
  ];
}
