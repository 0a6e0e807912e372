import { printLine } from '../output/print-line.ts';
import { printTable } from '../output/print-table.ts';
import type { RemoteAnswer, ShownRemoteAnswer } from './remote-answer.ts';

const eventsShown = 8;

export function printRemotes(engines: readonly RemoteAnswer[]): void {
  if (engines.length === 0) {
    printLine('No engine is connected. `samovar remotes add NAME URL` connects one.');
    return;
  }
  printTable(
    ['engine', 'state', 'what', 'address', 'models', 'at a time'],
    engines.map((engine) => [
      engine.name,
      engine.state,
      whatOf(engine),
      engine.baseUrl,
      engine.models
        .filter(({ serving }) => serving)
        .map(({ name }) => name)
        .join(', '),
      String(engine.limits.parallelRequests),
    ]),
  );
  for (const { name, reason } of engines) if (reason !== null) printLine(`${name}: ${reason}`);
}

export function printRemote(engine: ShownRemoteAnswer): void {
  printLine(`${engine.name}: ${engine.state}${engine.reason === null ? '' : ` (${engine.reason})`}`);
  printLine(`${whatOf(engine)} at ${engine.baseUrl}, ${engine.hasKey ? 'with a key' : 'without a key'}`);
  const { limits, timeouts } = engine;
  printLine(`${limits.parallelRequests} requests at a time, ${limits.queuedRequests} may wait`);
  printLine(
    `limits in seconds: connect ${timeouts.connectSeconds}, first byte ${timeouts.firstByteSeconds}, between parts ${timeouts.idleSeconds}, whole ${timeouts.wholeSeconds}`,
  );
  if (engine.models.length > 0)
    printTable(
      ['model', 'there', 'task', 'context', 'can', 'answers'],
      engine.models.map((model) => [
        model.name,
        model.upstream,
        model.task,
        String(model.contextTokens),
        model.capabilities.join(', '),
        model.serving ? laneText(model) : `not served: ${model.problem ?? 'unknown'}`,
      ]),
    );
  for (const { name, path, state, error } of engine.adapters)
    printLine(`adapter ${name} from ${path}: ${state}${error === null ? '' : ` (${error})`}`);
  for (const { at, detail } of engine.events.slice(0, eventsShown))
    printLine(`${at.slice(0, 19)}  ${detail}`);
}

function laneText({ lane, laneReason }: RemoteAnswer['models'][number]): string {
  return lane === 'pass-through' ? 'pass as they are' : `put into shape: ${laneReason}`;
}

function whatOf({ flavour, version }: RemoteAnswer): string {
  return version === null ? flavour : `${flavour} ${version}`;
}
