import { readFile } from 'node:fs/promises';
import { isRecord } from '../read-document.ts';

export interface RegistryCredentials {
  readonly user: string;
  readonly password: string;
}

/**
 * The credentials of a registry in a file of the form of Docker's `config.json`; `null` when it names none. Read anew
 * each time: such files are replaced while servers run.
 */
export async function readRegistryCredentials(
  path: string | null,
  registry: string,
): Promise<RegistryCredentials | null> {
  if (path === null) return null;
  const document: unknown = JSON.parse(await readFile(path, 'utf8'));
  const auths = isRecord(document) && isRecord(document.auths) ? document.auths : {};
  for (const [key, entry] of Object.entries(auths)) {
    if (hostOf(key) !== hostOf(registry) || !isRecord(entry)) continue;
    if (typeof entry.auth === 'string') return ofPair(Buffer.from(entry.auth, 'base64').toString('utf8'));
    if (typeof entry.username === 'string' && typeof entry.password === 'string')
      return { user: entry.username, password: entry.password };
  }
  return null;
}

function ofPair(text: string): RegistryCredentials {
  const colon = text.indexOf(':');
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** Keys are hosts, or addresses with a path; one registry has several names. */
function hostOf(key: string): string {
  const host = key.replace(/^https?:\/\//, '').split('/')[0] ?? '';
  return ['docker.io', 'index.docker.io', 'registry-1.docker.io'].includes(host) ? 'docker.io' : host;
}
