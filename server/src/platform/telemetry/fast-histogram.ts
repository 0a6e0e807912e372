export interface HistogramOptions {
  readonly name: string;
  readonly help: string;
  /** Upper bounds, ascending; `+Inf` is added. */
  readonly buckets: readonly number[];
}

/** One series of a histogram. */
export interface HistogramChild {
  observe(value: number): void;
}

export interface FastHistogram {
  /** The series with these labels; ask once and keep it. */
  child(labels: Readonly<Record<string, string>>): HistogramChild;
  /** In the Prometheus text format, version 0.0.4. */
  text(): string;
}

interface Counts {
  readonly buckets: Float64Array;
  count: number;
  sum: number;
}

/**
 * A Prometheus histogram whose series are looked up once: an observation is a few additions, where the usual client
 * hashes the labels each time, which the data path would feel.
 */
export function createFastHistogram({ name, help, buckets }: HistogramOptions): FastHistogram {
  const series = new Map<string, Counts>();

  function lines([labels, counts]: [string, Counts]): string[] {
    let total = 0;
    const cumulative = buckets.map((bound, index) => {
      total += counts.buckets[index] ?? 0;
      return `${name}_bucket{${labels},le="${bound}"} ${total}`;
    });
    return [
      ...cumulative,
      `${name}_bucket{${labels},le="+Inf"} ${counts.count}`,
      `${name}_sum{${labels}} ${counts.sum}`,
      `${name}_count{${labels}} ${counts.count}`,
    ];
  }

  return {
    child(labels) {
      const key = formatLabels(labels);
      const counts = series.get(key) ?? { buckets: new Float64Array(buckets.length), count: 0, sum: 0 };
      series.set(key, counts);
      return {
        observe(value) {
          counts.count += 1;
          counts.sum += value;
          const index = buckets.findIndex((bound) => value <= bound);
          if (index !== -1) counts.buckets[index] = (counts.buckets[index] ?? 0) + 1;
        },
      };
    },
    text: () =>
      [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`, ...[...series].flatMap(lines), ''].join('\n'),
  };
}

function formatLabels(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${value.replace(/[\\"\n]/g, escapeCharacter)}"`)
    .join(',');
}

function escapeCharacter(character: string): string {
  return character === '\n' ? '\\n' : `\\${character}`;
}
