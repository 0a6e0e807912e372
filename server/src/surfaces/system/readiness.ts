/** One part that has to be well. */
export interface ReadinessCheck {
  readonly name: string;
  readonly well: boolean;
  /** Requests are refused while this part is not well; otherwise it only limits what can be done. */
  readonly required: boolean;
  readonly detail: string;
}

export interface Readiness {
  /** `degraded`: inference goes on, something else does not. */
  readonly status: 'ready' | 'degraded' | 'not_ready';
  readonly checks: Readonly<Record<string, { readonly ok: boolean; readonly detail: string }>>;
}

/** Sums up the parts: not ready when a required one is not well, degraded when another one is not. */
export function readinessOf(checks: readonly ReadinessCheck[]): Readiness {
  const ill = checks.filter((check) => !check.well);
  const status = ill.some((check) => check.required) ? 'not_ready' : ill.length > 0 ? 'degraded' : 'ready';
  return {
    status,
    checks: Object.fromEntries(checks.map(({ name, well, detail }) => [name, { ok: well, detail }])),
  };
}
