/** How a model comes to answer. */
export interface ModelProgress {
  readonly name: string;
  readonly title: string;
  readonly aliases: readonly string[];
  readonly note: string | null;
  readonly task: string | null;
  /** What its engine computes on (`cpu`, `cuda`, …), once it is loaded. */
  readonly processor: string | null;
  readonly phase: ModelPhase;
  readonly downloadedBytes: number;
  readonly totalBytes: number;
  readonly bytesPerSecond: number;
  readonly error: string | null;
  readonly remedy: string | null;
}

/** `registered`: known, its files not here. `unloaded`: here, and loaded when it is called. */
export type ModelPhase =
  | 'registered'
  | 'downloading'
  | 'storing'
  | 'unloaded'
  | 'loading'
  | 'ready'
  | 'failed';

/** As `samovar models` calls it, too. */
export function phaseName(phase: ModelPhase): string {
  return phase === 'registered' ? 'not fetched' : phase;
}

/** Reads the body of `GET /api/models`. */
export function readModelProgress(body: unknown): ModelProgress[] {
  return itemsOf(body).map((item) => {
    const progress = fieldsIn(item, 'import');
    const deployment = fieldsIn(item, 'deployment');
    return {
      name: textIn(item, 'name') ?? '',
      title: textIn(item, 'title') ?? '',
      aliases: Array.isArray(item.aliases) ? item.aliases.map(String) : [],
      note: textIn(item, 'note'),
      task: textIn(item, 'task'),
      processor: textIn(deployment, 'processor'),
      phase:
        textIn(item, 'state') === 'ready'
          ? item.deploymentRemoved === true
            ? 'unloaded'
            : servedPhase(deployment)
          : fetchedPhase(progress),
      downloadedBytes: numberIn(progress, 'downloadedBytes'),
      totalBytes: numberIn(progress, 'totalBytes'),
      bytesPerSecond: numberIn(progress, 'bytesPerSecond'),
      error: textIn(progress, 'error') ?? textIn(deployment, 'lastError'),
      remedy: textIn(progress, 'remedy'),
    };
  });
}

type Fields = Readonly<Record<string, unknown>>;

function fetchedPhase(progress: Fields): ModelPhase {
  const phase = textIn(progress, 'phase');
  if (phase === 'downloading' || phase === 'storing' || phase === 'failed') return phase;
  return 'registered';
}

function servedPhase(deployment: Fields): ModelPhase {
  switch (textIn(deployment, 'state')) {
    case 'ready':
      return 'ready';
    case 'starting':
    case 'loading':
      return 'loading';
    case 'failed':
      return 'failed';
    case 'on-disk':
      return textIn(deployment, 'requestedAt') === null ? 'unloaded' : 'loading';
    // Just fetched: its deployment follows at once, and the default models are loaded with it.
    case null:
      return 'loading';
    default:
      return 'unloaded';
  }
}

function itemsOf(body: unknown): Fields[] {
  return isFields(body) && Array.isArray(body.items) ? body.items.filter(isFields) : [];
}

function fieldsIn(holder: Fields, name: string): Fields {
  const value = holder[name];
  return isFields(value) ? value : {};
}

function textIn(holder: Fields, name: string): string | null {
  const value = holder[name];
  return typeof value === 'string' ? value : null;
}

function numberIn(holder: Fields, name: string): number {
  const value = holder[name];
  return typeof value === 'number' ? value : 0;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
