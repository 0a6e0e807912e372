import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { createFastHistogram, type HistogramChild } from './fast-histogram.ts';

/** A value that is read when metrics are asked for. */
export interface MeasuredValue {
  readonly name: string;
  readonly help: string;
  read(): number | Promise<number>;
}

/** Values of one kind with labels, read when metrics are asked for. */
export interface MeasuredSeries {
  readonly name: string;
  readonly help: string;
  /** A counter never falls while the process lives. */
  readonly type: 'gauge' | 'counter';
  readonly labels: readonly string[];
  read(): readonly LabelledValue[] | Promise<readonly LabelledValue[]>;
}

export interface LabelledValue {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One finished inference request. */
export interface RequestObservation {
  readonly endpoint: string;
  readonly model: string;
  readonly errorCode: string | null;
  readonly durationSeconds: number;
  readonly timeToFirstTokenSeconds: number | null;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** The model that its alias chose, where a fallback was taken, and what went wrong there; else `null`. */
  readonly chosenModel: string | null;
  readonly chosenError: string | null;
}

export interface Metrics {
  observe(observation: RequestObservation): void;
  /** Adds gauges that are read on demand. */
  measure(values: readonly MeasuredValue[]): void;
  measureSeries(series: readonly MeasuredSeries[]): void;
  text(): Promise<{ readonly text: string; readonly contentType: string }>;
}

/** Bucket borders and names: OpenTelemetry semantic conventions for generative AI, "GenAI metrics". */
const durationBuckets = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];
const firstTokenBuckets = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];
const tokenBuckets = [
  1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864,
];

/** `gen_ai.operation.name` of each endpoint. */
const operations: Readonly<Record<string, string>> = {
  'chat.completions': 'chat',
  completions: 'text_completion',
  embeddings: 'embeddings',
  responses: 'chat',
};

/** What one kind of request is counted in. */
interface Series {
  readonly duration: HistogramChild;
  readonly firstToken: HistogramChild;
  readonly inputTokens: HistogramChild;
  readonly outputTokens: HistogramChild;
}

/** Prometheus metrics of this process. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 50 });
  const duration = createFastHistogram({
    name: 'gen_ai_server_request_duration_seconds',
    help: 'Time from arrival to the end of the answer.',
    buckets: durationBuckets,
  });
  const firstToken = createFastHistogram({
    name: 'gen_ai_server_time_to_first_token_seconds',
    help: 'Time from arrival to the first byte of the answer.',
    buckets: firstTokenBuckets,
  });
  const tokens = createFastHistogram({
    name: 'gen_ai_client_token_usage',
    help: 'Tokens of each request.',
    buckets: tokenBuckets,
  });
  const fallbacks = new Counter({
    name: 'samovar_fallbacks_total',
    help: 'Requests of which an alias tried another model than it chose, by what went wrong there.',
    labelNames: ['gen_ai_request_model', 'gen_ai_response_model', 'error_type'],
    registers,
  });
  const series = new Map<string, Series>();

  function seriesOf({ endpoint, model, errorCode }: RequestObservation): Series {
    const key = `${endpoint} ${model} ${errorCode ?? ''}`;
    let found = series.get(key);
    if (!found) {
      const labels = {
        gen_ai_operation_name: operations[endpoint] ?? endpoint,
        gen_ai_request_model: model,
      };
      found = {
        duration: duration.child({ ...labels, error_type: errorCode ?? '' }),
        firstToken: firstToken.child(labels),
        inputTokens: tokens.child({ ...labels, gen_ai_token_type: 'input' }),
        outputTokens: tokens.child({ ...labels, gen_ai_token_type: 'output' }),
      };
      series.set(key, found);
    }
    return found;
  }

  return {
    observe(observation) {
      const found = seriesOf(observation);
      found.duration.observe(observation.durationSeconds);
      if (observation.timeToFirstTokenSeconds !== null)
        found.firstToken.observe(observation.timeToFirstTokenSeconds);
      found.inputTokens.observe(observation.inputTokens);
      found.outputTokens.observe(observation.outputTokens);
      const { chosenModel, chosenError, model } = observation;
      if (chosenModel === null || chosenError === null) return;
      fallbacks.inc({
        gen_ai_request_model: chosenModel,
        gen_ai_response_model: model,
        error_type: chosenError,
      });
    },
    measure(values) {
      for (const { name, help, read } of values)
        new Gauge({
          name,
          help,
          registers,
          async collect() {
            this.set(await read());
          },
        });
    },
    measureSeries(all) {
      for (const one of all) measureOne(one, registers);
    },
    text: async () => ({
      text: [await registry.metrics(), duration.text(), firstToken.text(), tokens.text()].join('\n'),
      contentType: registry.contentType,
    }),
  };
}

function measureOne({ name, help, type, labels, read }: MeasuredSeries, registers: Registry[]): void {
  const options = { name, help, labelNames: labels, registers };
  if (type === 'gauge')
    new Gauge({
      ...options,
      async collect() {
        const values = await read();
        this.reset();
        for (const one of values) this.set(one.labels, one.value);
      },
    });
  else
    new Counter({
      ...options,
      async collect() {
        const values = await read();
        this.reset();
        for (const one of values) this.inc(one.labels, one.value);
      },
    });
}
