import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import type { CliSettings } from '../settings.ts';
import { type Finding, fine } from './finding.ts';

/** Whether what the settings say of model sources can be used: the folder of `file:`, the credentials of `oci:`. */
export function checkModelSources({ values }: CliSettings): Finding[] {
  const { modelFolder, registryAuthFile } = values;
  return [
    ...(modelFolder === null ? [] : [checkModelFolder(modelFolder)]),
    ...(registryAuthFile === null ? [] : [checkRegistryAuth(registryAuthFile)]),
  ];
}

function checkModelFolder(folder: string): Finding {
  const name = 'Model folder';
  try {
    if (!statSync(folder).isDirectory()) throw new Error('it is no folder');
    accessSync(folder, constants.R_OK | constants.X_OK);
    return fine(name, `${folder} can be read by \`file:\` sources`);
  } catch (error) {
    return {
      name,
      state: 'warn',
      detail: `${folder} cannot be read: ${reasonOf(error)}`,
      remedy:
        'Nothing can be imported from `file:` sources. Correct SAMOVAR_MODEL_FOLDER, or the rights of this user.',
    };
  }
}

/** Only what the server reads of it: `auths` with `auth`, or a name and a password. */
function checkRegistryAuth(path: string): Finding {
  const name = 'Registry credentials';
  try {
    const document = JSON.parse(readFileSync(path, 'utf8')) as { auths?: Record<string, object> };
    const entries = Object.entries(document.auths ?? {});
    const usable = entries.filter(([, entry]) => 'auth' in entry || 'username' in entry);
    if (usable.length > 0) return fine(name, `for ${usable.map(([host]) => host).join(', ')}`);
    throw new Error('it holds no credentials; those of a credential helper are not in it');
  } catch (error) {
    return {
      name,
      state: 'warn',
      detail: `${path} cannot be used: ${reasonOf(error)}`,
      remedy:
        "Private `oci:` sources are refused. SAMOVAR_REGISTRY_AUTH_FILE must name a file in the form of Docker's `config.json`, with `auths`.",
    };
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
