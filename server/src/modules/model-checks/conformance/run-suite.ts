import { SamovarError } from '../../../kernel/errors.ts';
import type { ServedModel } from '../../registry/index.ts';
import { AnswerTooSlow, type AskedModel } from '../asked-model.ts';
import type { Finding } from './finding.ts';
import type { Probe } from './probe.ts';
import { probeContext } from './probe-context.ts';
import { probeDeterminism } from './probe-determinism.ts';
import { probeInputLength, probeMeaning, probeSameVector, probeVectors } from './probe-embeddings.ts';
import { probeJsonSchema } from './probe-json-schema.ts';
import { probeLanguages } from './probe-languages.ts';
import { probeStreaming } from './probe-streaming.ts';
import { probeTools } from './probe-tools.ts';
import { ContextFull, wholeAnswers } from './whole-answers.ts';

const suites: Readonly<Record<ServedModel['task'], readonly Probe[]>> = {
  chat: [probeStreaming, probeTools, probeJsonSchema, probeDeterminism, probeLanguages, probeContext],
  embedding: [probeVectors, probeSameVector, probeMeaning, probeInputLength],
};

/** The model could not be asked, which says nothing about its features. */
const notAsked: ReadonlySet<string> = new Set([
  'engine.load_failed',
  'engine.load_timeout',
  'engine.unreachable',
  'engine.remote_unavailable',
  'engine.worker_lost',
  'engine.connection_broken',
  'engine.busy',
  'engine.credentials_refused',
  'model.version_gone',
  'system.policy_stale',
  'system.database_away',
  'system.draining',
]);

/** Asks a model about each feature of its task. Throws when it cannot be asked at all. */
export async function runSuite(
  asked: AskedModel,
  tell: (done: number, of: number, step: string) => Promise<void>,
): Promise<Finding[]> {
  const probes = suites[asked.model.task];
  const findings: Finding[] = [];
  for (const [index, probe] of probes.entries()) {
    await tell(index, probes.length, probe.feature);
    findings.push(await findingOf(probe, asked));
  }
  return findings;
}

async function findingOf(probe: Probe, asked: AskedModel): Promise<Finding> {
  const { feature } = probe;
  try {
    const { detail, failures, skipped = false } = await probe.run(wholeAnswers(asked));
    const outcome = skipped ? 'skipped' : failures.length === 0 ? 'passed' : 'failed';
    return { feature, outcome, detail, failures };
  } catch (error) {
    // Nothing is known then: a slow machine breaks no promise of a model.
    if (error instanceof AnswerTooSlow)
      return {
        feature,
        outcome: 'skipped',
        detail: `Too slow to tell here: ${error.message}.`,
        failures: [],
      };
    const short = shortContext(feature, error, asked.model);
    if (short !== null) return { feature, outcome: 'skipped', detail: short, failures: [] };
    if (!(error instanceof SamovarError) || notAsked.has(error.code)) throw error;
    return { feature, outcome: 'failed', detail: 'It was not answered.', failures: [error.message] };
  }
}

/** No feature but the context itself is asked about with so much. */
const enoughTokens = 1024;

/** Why a feature cannot be asked about in a short context; `null` where it could, or another thing went wrong. */
function shortContext(feature: Finding['feature'], error: unknown, model: ServedModel): string | null {
  const isRefused = error instanceof SamovarError && error.code === 'engine.context_exceeded';
  if (!isRefused && !(error instanceof ContextFull)) return null;
  const told = isRefused ? Number(error.params.contextTokens) : model.contextTokens;
  const tokens = Number.isFinite(told) ? told : model.contextTokens;
  // A context that is long enough should have taken it, and the probe of the context judges its refusals itself.
  if (isRefused && (feature === 'context' || tokens > enoughTokens)) return null;
  const context = isRefused ? `the context of ${tokens} tokens` : 'the context';
  return `Not applicable: what is asked about it, or the answer, is longer than ${context}.`;
}
