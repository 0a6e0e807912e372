import { SamovarError } from '../../kernel/errors.ts';
import type { Database } from '../../kernel/ports/database.ts';
import type { Log } from '../../kernel/ports/log.ts';
import type { EngineConditions, Inference } from '../../modules/inference/index.ts';
import { type MeasuredEngine, measureEngines } from '../../modules/remote-engines/index.ts';
import type { LabelledValue, MeasuredSeries } from '../../platform/telemetry/metrics.ts';

const gateStates = ['open', 'full', 'resting', 'broken'] as const;
const engineStates = ['new', 'healthy', 'degraded', 'away', 'disabled'] as const;
const adapterStates = ['wanted', 'loaded', 'failed', 'unwanted'] as const;

/**
 * What is measured of connected engines: by this process on the way of its requests, and by the probes of the whole
 * installation. Nothing is told of what is not known at present.
 */
export function engineSeries(
  inference: Pick<Inference, 'engineConditions'>,
  database: Database,
  log: Log,
): MeasuredSeries[] {
  return [...requestSeries(inference), ...probeSeries(database, log)];
}

function requestSeries({ engineConditions }: Pick<Inference, 'engineConditions'>): MeasuredSeries[] {
  const seen = (values: (conditions: EngineConditions) => LabelledValue[]) => () => {
    try {
      return values(engineConditions());
    } catch (error) {
      // The policy is too old to tell which engines there are.
      if (error instanceof SamovarError) return [];
      throw error;
    }
  };
  const labels = ['samovar_engine', 'samovar_engine_id'];
  const labelsOf = (one: { readonly engine: string; readonly engineId: string }) => ({
    samovar_engine: one.engine,
    samovar_engine_id: one.engineId,
  });
  return [
    {
      name: 'samovar_remote_breaker',
      help: 'Whether a model of a connected engine gets requests of this process: 1 for the state that it is in.',
      type: 'gauge',
      labels: [...labels, 'gen_ai_request_model', 'state'],
      read: seen(({ models }) =>
        models.flatMap((one) =>
          gateStates.map((state) => ({
            labels: { ...labelsOf(one), gen_ai_request_model: one.model, state },
            value: one.state === state ? 1 : 0,
          })),
        ),
      ),
    },
    {
      name: 'samovar_remote_running',
      help: 'Requests of this process that a connected engine has now.',
      type: 'gauge',
      labels,
      read: seen(({ engines }) => engines.map((one) => ({ labels: labelsOf(one), value: one.running }))),
    },
    {
      name: 'samovar_remote_waiting',
      help: 'Requests of this process that wait for a place at a connected engine.',
      type: 'gauge',
      labels,
      read: seen(({ engines }) => engines.map((one) => ({ labels: labelsOf(one), value: one.waiting }))),
    },
    {
      name: 'samovar_remote_failures_total',
      help: 'Attempts at a connected engine that found it away, or that it failed.',
      type: 'counter',
      labels: [...labels, 'error_type'],
      read: seen(({ engines }) =>
        engines.flatMap((one) => [
          { labels: { ...labelsOf(one), error_type: 'unreachable' }, value: one.absent },
          { labels: { ...labelsOf(one), error_type: 'failed' }, value: one.failed },
        ]),
      ),
    },
  ];
}

function probeSeries(database: Database, log: Log): MeasuredSeries[] {
  let measuring: Promise<readonly MeasuredEngine[]> | null = null;

  /** One query for all of them each time that metrics are asked for. */
  function measure(): Promise<readonly MeasuredEngine[]> {
    measuring ??= measureEngines(database)
      .catch((error: unknown) => {
        log.debug({ error: String(error) }, 'connected engines cannot be measured at present');
        return [];
      })
      .finally(() => {
        measuring = null;
      });
    return measuring;
  }
  const labels = ['samovar_engine', 'samovar_engine_id'];
  const labelsOf = ({ engine, engineId }: MeasuredEngine) => ({
    samovar_engine: engine,
    samovar_engine_id: engineId,
  });
  const each =
    (values: (one: MeasuredEngine) => LabelledValue[]): (() => Promise<LabelledValue[]>) =>
    async () =>
      (await measure()).flatMap(values);
  return [
    {
      name: 'samovar_remote_engine_state',
      help: 'What the probes of a connected engine say, of the whole installation: 1 for the state that it is in.',
      type: 'gauge',
      labels: [...labels, 'state'],
      read: each((one) =>
        engineStates.map((state) => ({
          labels: { ...labelsOf(one), state },
          value: one.state === state ? 1 : 0,
        })),
      ),
    },
    {
      name: 'samovar_remote_probes_missed',
      help: 'Probes in a row that a connected engine has missed.',
      type: 'gauge',
      labels,
      read: each((one) => [{ labels: labelsOf(one), value: one.missedProbes }]),
    },
    {
      name: 'samovar_remote_probe_timestamp_seconds',
      help: 'When a connected engine was last probed, as seconds since the epoch.',
      type: 'gauge',
      labels,
      read: each((one) =>
        one.probedAt === null ? [] : [{ labels: labelsOf(one), value: one.probedAt.getTime() / 1000 }],
      ),
    },
    {
      name: 'samovar_remote_adapters',
      help: 'LoRA adapters that a connected engine is asked to have, by how far that is.',
      type: 'gauge',
      labels: [...labels, 'state'],
      read: each((one) =>
        adapterStates.map((state) => ({
          labels: { ...labelsOf(one), state },
          value: one.adapters[state] ?? 0,
        })),
      ),
    },
  ];
}
