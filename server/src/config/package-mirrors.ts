import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { PackageMirrors } from '../platform/package-sources/package-mirrors.ts';

interface MirrorSettings {
  readonly pypiIndex: string | null;
  readonly npmRegistry: string | null;
  readonly mavenRepository: string | null;
  readonly caFile: string | null;
}

/** Where packages come from: our settings, then the ecosystems' own configuration, then the public registries. */
export function readPackageMirrors(settings: MirrorSettings): PackageMirrors {
  const env = process.env;
  const npmrc = readNpmrc(
    env.NPM_CONFIG_USERCONFIG ?? env.npm_config_userconfig ?? join(homedir(), '.npmrc'),
  );
  const npmRegistry =
    settings.npmRegistry ??
    given(env.npm_config_registry) ??
    given(env.NPM_CONFIG_REGISTRY) ??
    npmrc.get('registry') ??
    'https://registry.npmjs.org/';
  return {
    npmRegistry,
    npmToken: npmrc.get(`${npmRegistry.replace(/^https?:/, '').replace(/\/*$/, '/')}:_authToken`) ?? null,
    pypiIndex:
      settings.pypiIndex ??
      given(env.PIP_INDEX_URL) ??
      given(env.UV_DEFAULT_INDEX) ??
      given(env.UV_INDEX_URL) ??
      pipConfiguredIndex(env) ??
      'https://pypi.org/simple',
    mavenRepository: settings.mavenRepository ?? 'https://repo.maven.apache.org/maven2',
    caFile: settings.caFile,
    httpProxy: given(env.http_proxy) ?? given(env.HTTP_PROXY) ?? null,
    httpsProxy: given(env.https_proxy) ?? given(env.HTTPS_PROXY) ?? null,
    noProxy: given(env.no_proxy) ?? given(env.NO_PROXY) ?? '',
  };
}

function given(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

/** `index-url` of pip's configuration files, the first that has one, in pip's order of precedence. */
function pipConfiguredIndex(env: NodeJS.ProcessEnv): string | undefined {
  const places = [
    env.PIP_CONFIG_FILE,
    join(env.XDG_CONFIG_HOME ?? join(homedir(), '.config'), 'pip', 'pip.conf'),
    join(homedir(), '.pip', 'pip.conf'),
    '/etc/pip.conf',
  ];
  for (const place of places) {
    const [, url] = /^\s*index[-_]url\s*[=:]\s*(\S+)/m.exec(textOf(place)) ?? [];
    if (url) return url;
  }
  return undefined;
}

/** The plain `name=value` lines of an npmrc file; `${NAME}` is taken from the environment as npm does. */
function readNpmrc(path: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of textOf(path).split('\n')) {
    const [, name, value] = /^\s*([^#;=\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (name && value)
      values.set(
        name,
        value.replace(/\$\{(\w+)\}/g, (whole, key) => process.env[key] ?? whole),
      );
  }
  return values;
}

function textOf(path: string | undefined): string {
  return path !== undefined && existsSync(path) ? readFileSync(path, 'utf8') : '';
}
