import type { DeploymentAnswer } from '../console-answers.ts';
import { formatBytes } from '../output/format-quantity.ts';
import { printLine } from '../output/print-line.ts';
import { printTable } from '../output/print-table.ts';

/** `loading 40 %`, `waiting, place 2`, or its state alone. */
export function stateOf({ state, loadProgress, queue }: DeploymentAnswer): string {
  if (queue !== null) return `waiting, place ${queue.position}`;
  return state === 'loading' ? `loading ${Math.floor(loadProgress * 100)} %` : state;
}

function staysOf({ residency, pinned, idleSeconds }: DeploymentAnswer): string {
  const idle = idleSeconds === null ? '' : idleSeconds === 0 ? ', never idle' : `, idle ${idleSeconds} s`;
  return `${residency}${pinned ? ', pinned' : ''}${idle}`;
}

/** A table of all, and below it why those are not loaded that are asked for. */
export function showDeployments(deployments: readonly DeploymentAnswer[]): void {
  if (deployments.length === 0) {
    printLine('Nothing is deployed yet.');
    return;
  }
  printTable(
    ['model', 'state', 'stays', 'priority', 'waiting', 'in memory', 'host', 'why'],
    deployments.map((deployment) => [
      deployment.model,
      stateOf(deployment),
      staysOf(deployment),
      String(deployment.priority),
      String(deployment.waitingRequests),
      deployment.residentBytes > 0 ? formatBytes(deployment.residentBytes) : '',
      deployment.host ?? '',
      deployment.queue?.reason ?? deployment.reason ?? '',
    ]),
  );
}

/** One with all that is known of it. */
export function showDeployment(deployment: DeploymentAnswer): void {
  const { queue, options } = deployment;
  printTable(
    ['id', deployment.id],
    [
      ['model', deployment.model],
      ['version', deployment.version],
      ['state', `${stateOf(deployment)}${deployment.since === null ? '' : ` since ${deployment.since}`}`],
      ['why', queue?.reason ?? deployment.reason ?? ''],
      ...(deployment.lastError === null ? [] : [['last error', deployment.lastError]]),
      ['stays', staysOf(deployment)],
      ['priority', String(deployment.priority)],
      [
        'engine',
        `${deployment.engine ?? 'of the manifest'}${deployment.processor === null ? '' : ` on ${deployment.processor}`}`,
      ],
      [
        'options',
        Object.entries(options)
          .map(([name, value]) => `${name} ${value}`)
          .join(', '),
      ],
      ...(deployment.baseVersion === null ? [] : [['runs in', deployment.baseVersion]]),
      ...(deployment.adapterVersions.length === 0
        ? []
        : [['adapters', deployment.adapterVersions.join(', ')]]),
      ...(deployment.capability
        ? [
            [
              'LoRA',
              deployment.capability.adapters
                ? 'adapters run on it and share its weights'
                : 'its engine takes no adapters here',
            ],
          ]
        : []),
      ['host', deployment.host === null ? '' : `${deployment.host}, ${deployment.threads} threads`],
      ...(deployment.contextTokens === null ? [] : [['context', `${deployment.contextTokens} tokens`]]),
      [
        'memory',
        `${formatBytes(deployment.memoryBytes)} set aside, ${formatBytes(deployment.residentBytes)} taken`,
      ],
      ['waiting', `${deployment.waitingRequests} requests`],
    ],
  );
  const measured = deployment.measured ?? [];
  if (measured.length === 0) return;
  printLine('');
  printTable(
    ['measured on', 'engine', 'options', 'loads', 'load', 'memory'],
    measured.map((one) => [
      one.hardware,
      one.engine,
      Object.entries(one.options)
        .map(([name, value]) => `${name} ${value}`)
        .join(', '),
      String(one.loads),
      one.loadMs === null ? '' : `${(one.loadMs / 1000).toFixed(1)} s`,
      one.residentBytes === null ? '' : formatBytes(one.residentBytes),
    ]),
  );
}
