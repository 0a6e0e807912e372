/** How a model comes to answer, as `GET /api/models` tells it. */
export interface ModelProgress {
  readonly name: string;
  readonly title: string;
  readonly aliases: readonly string[];
  /** `not-fetched`: in the catalogue, and nobody asked for it. `unloaded`: it is loaded when it is called. */
  readonly phase:
    | 'not-fetched'
    | 'waiting'
    | 'downloading'
    | 'storing'
    | 'unloaded'
    | 'loading'
    | 'ready'
    | 'failed';
  readonly downloadedBytes: number;
  readonly totalBytes: number;
  readonly bytesPerSecond: number;
  readonly error: string | null;
  readonly remedy: string | null;
}

/** Reads the body of `GET /api/models`. */
export function readModelProgress(body: unknown): ModelProgress[] {
  return itemsOf(body).map((item) => {
    const progress = recordIn(item, 'import');
    return {
      name: textIn(item, 'name') ?? '',
      title: textIn(item, 'title') ?? '',
      aliases: Array.isArray(item.aliases) ? item.aliases.map(String) : [],
      phase: phaseOf(item),
      downloadedBytes: Number(progress.downloadedBytes ?? 0),
      totalBytes: Number(progress.totalBytes ?? 0),
      bytesPerSecond: Number(progress.bytesPerSecond ?? 0),
      error: textIn(progress, 'error'),
      remedy: textIn(progress, 'remedy'),
    };
  });
}

type Fields = Readonly<Record<string, unknown>>;

function phaseOf(item: Fields): ModelProgress['phase'] {
  const fetching = textIn(recordIn(item, 'import'), 'phase');
  if (textIn(item, 'state') !== 'ready') {
    if (fetching === 'downloading' || fetching === 'storing' || fetching === 'failed') return fetching;
    return Number(recordIn(item, 'import').attempt ?? 0) > 0 ? 'waiting' : 'not-fetched';
  }
  return 'ready';
}

function itemsOf(body: unknown): Fields[] {
  return isFields(body) && Array.isArray(body.items) ? body.items.filter(isFields) : [];
}

function recordIn(holder: Fields, name: string): Fields {
  const value = holder[name];
  return isFields(value) ? value : {};
}

function textIn(holder: Fields, name: string): string | null {
  const value = holder[name];
  return typeof value === 'string' ? value : null;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
