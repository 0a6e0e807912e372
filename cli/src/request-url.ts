import { CommandError, exitStatus } from './command-error.ts';

/**
 * The address of a route. Throws a usage error for a path that means another one than it spells: a name like
 * `../keys/…` must never reach what it was not meant for.
 */
export function requestUrl(path: string, baseUrl: string): URL {
  const url = new URL(path, baseUrl);
  const [spelled = ''] = path.split('?');
  if (url.origin === new URL(baseUrl).origin && url.pathname === spelled) return url;
  throw new CommandError(
    `\`${spelled.split('/').slice(3).map(decodeURIComponent).join('/')}\` is no name: \`.\` and \`..\` lead elsewhere.`,
    'Name a thing as the list of it does.',
    exitStatus.usage,
  );
}
