import http from 'node:http';
import type { CliSettings } from '../settings.ts';
import { type Finding, fine } from './finding.ts';

const timeoutMs = 5_000;

interface RegistrySettings {
  readonly values: Pick<
    CliSettings['values'],
    'npmRegistry' | 'pypiIndex' | 'mavenRepository' | 'hubEndpoint'
  >;
}

/** Whether the registries that ready models come from can be reached, through the configured mirrors and proxy. */
export async function checkRegistries({ values }: RegistrySettings): Promise<Finding[]> {
  // As the processes reach them: by HTTPS_PROXY, but for NO_PROXY.
  const restore = http.setGlobalProxyFromEnv();
  const checks = Promise.all([
    checkAddress('npm registry', values.npmRegistry ?? 'https://registry.npmjs.org/', 'SAMOVAR_NPM_REGISTRY'),
    checkAddress('Python index', values.pypiIndex ?? 'https://pypi.org/simple/', 'SAMOVAR_PYPI_INDEX'),
    checkAddress(
      'Maven repository',
      values.mavenRepository ?? 'https://repo1.maven.org/maven2/',
      'SAMOVAR_MAVEN_REPOSITORY',
    ),
    checkAddress('Model hub', values.hubEndpoint, 'HF_ENDPOINT'),
  ]);
  return await checks.finally(restore);
}

async function checkAddress(name: string, address: string, setting: string): Promise<Finding> {
  try {
    const response = await fetch(address, { method: 'HEAD', signal: AbortSignal.timeout(timeoutMs) });
    // Any answer of a server will do: some refuse HEAD or a listing.
    return fine(name, `${new URL(address).host} answers (${response.status})`);
  } catch (error) {
    const reason = error instanceof Error ? (error.cause instanceof Error ? error.cause : error).message : '';
    return {
      name,
      state: 'warn',
      detail: `${new URL(address).host} does not answer: ${reason}`,
      remedy: `Models from there cannot be fetched. Check the network, HTTPS_PROXY, SAMOVAR_CA_FILE, or set ${setting} to a mirror.`,
    };
  }
}
