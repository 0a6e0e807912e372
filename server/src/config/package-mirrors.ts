import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { PackageMirrors } from '../platform/package-sources/package-mirrors.ts';
import { requireReadable } from './require-readable.ts';

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
      pipConfigured(env, 'index-url') ??
      'https://pypi.org/simple',
    mavenRepository: settings.mavenRepository ?? 'https://repo.maven.apache.org/maven2',
    caFiles: authorityFiles(settings.caFile, npmrc),
    httpProxy: given(env.http_proxy) ?? given(env.HTTP_PROXY) ?? null,
    httpsProxy: given(env.https_proxy) ?? given(env.HTTPS_PROXY) ?? null,
    noProxy: given(env.no_proxy) ?? given(env.NO_PROXY) ?? '',
  };
}

function given(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

/**
 * Files with authorities to trust: ours, npm's `cafile` and pip's `cert`. What one client trusts is trusted for all:
 * they are one company's. As npm does, a `cafile` that is not there is passed over.
 */
function authorityFiles(own: string | null, npmrc: ReadonlyMap<string, string>): string[] {
  const env = process.env;
  const ofNpm = given(env.npm_config_cafile) ?? given(env.NPM_CONFIG_CAFILE) ?? npmrc.get('cafile');
  const ofPip = given(env.PIP_CERT) ?? pipConfigured(env, 'cert');
  const files = own === null ? [] : [own];
  if (ofNpm !== undefined && existsSync(inHome(ofNpm))) files.push(inHome(ofNpm));
  if (ofPip !== undefined) files.push(requireReadable("PIP_CERT or pip's `cert`", 'pip', inHome(ofPip)));
  return [...new Set(files)];
}

function inHome(path: string): string {
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : resolve(path);
}

/** An option of pip's configuration files, from the first that has it, in pip's order of precedence. */
function pipConfigured(env: NodeJS.ProcessEnv, option: 'index-url' | 'cert'): string | undefined {
  const places = [
    env.PIP_CONFIG_FILE,
    join(env.XDG_CONFIG_HOME ?? join(homedir(), '.config'), 'pip', 'pip.conf'),
    join(homedir(), '.pip', 'pip.conf'),
    '/etc/pip.conf',
  ];
  const line = { 'index-url': /^\s*index[-_]url\s*[=:]\s*(\S+)/m, cert: /^\s*cert\s*[=:]\s*(\S.*?)\s*$/m }[
    option
  ];
  for (const place of places) {
    const [, value] = line.exec(textOf(place)) ?? [];
    if (value) return value;
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
