import type { ProcessIdentity } from '@samovar/contract/data-folder';
import { signalProcess, waitForEnd } from '@samovar/contract/process-identity';

/** Ends a process by SIGTERM, then by SIGKILL after `graceMs`. True when it is gone. */
export async function endProcess(identity: ProcessIdentity, graceMs: number): Promise<boolean> {
  if (!signalProcess(identity, 'SIGTERM')) return true;
  if (await waitForEnd(identity, graceMs)) return true;
  signalProcess(identity, 'SIGKILL');
  return waitForEnd(identity, 5_000);
}
