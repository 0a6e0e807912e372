import type { Deployment } from './deployment.ts';

/** `850 MB`, `6.2 GB`. Decimal, as the registry tells what fits. Rounded up: what needs it does not fit into less. */
export function memoryText(bytes: number): string {
  const gigabytes = bytes / 1e9;
  if (gigabytes >= 1) return `${(Math.ceil(gigabytes * 10) / 10).toFixed(1)} GB`;
  return `${Math.ceil(Math.max(0, bytes) / 1e6)} MB`;
}

/** Names for a reader of one project: those of others stay theirs. */
export function namesFor(reader: Pick<Deployment, 'projectId'>, named: readonly Deployment[]): string {
  const own = named
    .filter(({ projectId }) => projectId === reader.projectId)
    .map(({ modelName }) => modelName);
  const others = named.length - own.length;
  if (others > 0) own.push(others === 1 ? 'one of another project' : `${others} of other projects`);
  return own.join(', ');
}

/** ` (pinned: a, b; in use: c)`, or nothing. */
export function inTheWay(
  reader: Pick<Deployment, 'projectId'>,
  groups: Readonly<Record<string, readonly Deployment[]>>,
): string {
  const parts = Object.entries(groups).flatMap(([word, named]) =>
    named.length === 0 ? [] : [`${word}: ${namesFor(reader, named)}`],
  );
  return parts.length === 0 ? '' : ` (${parts.join('; ')})`;
}
