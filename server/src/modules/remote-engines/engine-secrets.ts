import type { Sealing } from '../../kernel/ports/sealing.ts';
import type { EngineSecrets } from './remote-engine.ts';

export const noSecrets: EngineSecrets = { key: null, headers: {} };

/** The secrets of one connection, sealed so that they open for it alone; `null` when there are none. */
export function sealSecrets(sealing: Sealing, engineId: string, secrets: EngineSecrets): Buffer | null {
  if (secrets.key === null && Object.keys(secrets.headers).length === 0) return null;
  return sealing.seal(Buffer.from(JSON.stringify(secrets), 'utf8'), contextOf(engineId));
}

/** Throws when the master key is not the one that sealed them. */
export function openSecrets(sealing: Sealing, engineId: string, sealed: Buffer | null): EngineSecrets {
  if (sealed === null) return noSecrets;
  return JSON.parse(sealing.open(sealed, contextOf(engineId)).toString('utf8'));
}

/** Names and values in turns, as they are sent. */
export function secretHeaders(secrets: EngineSecrets): readonly string[] {
  const headers = Object.entries(secrets.headers).flat();
  return secrets.key === null ? headers : ['authorization', `Bearer ${secrets.key}`, ...headers];
}

function contextOf(engineId: string): string {
  return `remote-engine/${engineId}/secrets`;
}
