import { createInference, type Inference, type InferenceDependencies } from '../inference/index.ts';
import { nobody } from './asked-model.ts';

/**
 * The data path for requests that are nobody's: no key's limits hold for them, and they are metered to none. What they
 * take is written with the check that makes them.
 */
export function createCheckInference(
  deps: Omit<InferenceDependencies, 'limiter' | 'meter' | 'metrics'>,
): Inference {
  const none = { requestsPerMinute: null, tokensPerMinute: null, parallelRequests: null };
  const limits = new Map([[nobody, none]]);
  return createInference({
    ...deps,
    policy: () => ({ ...deps.policy(), limits }),
    limiter: { admit: () => ({ headers: {}, release() {} }) },
    meter: { record() {} },
    metrics: { observe() {} },
  });
}
