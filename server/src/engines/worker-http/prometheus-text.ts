export interface MetricSample {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly value: number;
}

/** Samples in the Prometheus text exposition format, version 0.0.4, each labelled with the model's name. */
export function prometheusText(samples: readonly MetricSample[], model: string): string {
  const label = model.replace(/[\\"\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`));
  return samples
    .map(
      ({ name, type, help, value }) =>
        `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name}{model="${label}"} ${value}\n`,
    )
    .join('');
}
