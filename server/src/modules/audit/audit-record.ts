import type { Principal, Scope } from '../../kernel/principal.ts';

/** Who did it: a caller with a key, or the installation itself (`up`, a job, the engine host). */
export type Actor =
  | { readonly kind: 'api-key'; readonly id: string }
  | { readonly kind: 'system'; readonly id: string };

/** On whose behalf, and within which request, a state change is made. */
export interface AuditContext {
  readonly scope: Scope;
  readonly actor: Actor;
  readonly requestId: string | null;
}

export interface AuditRecord extends AuditContext {
  /** `area.verb`, for example `key.create`. */
  readonly action: string;
  readonly target: { readonly kind: string; readonly id: string };
  /** What changed; never a secret. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** The context of a request made with a key. */
export function auditContextOf(principal: Principal, requestId: string): AuditContext {
  return {
    scope: { organizationId: principal.organizationId, projectId: principal.projectId },
    actor: { kind: 'api-key', id: principal.keyId },
    requestId,
  };
}

/** The context of something that the installation does by itself; `id` names the part that acts. */
export function systemAuditContext(scope: Scope, id: string): AuditContext {
  return { scope, actor: { kind: 'system', id }, requestId: null };
}
