import type { ManagementReply, RememberReply } from '../../kernel/ports/http-routes.ts';
import type { Principal } from '../../kernel/principal.ts';

export interface ReplayRequest {
  readonly principal: Principal;
  /** The value of `Idempotency-Key`. */
  readonly key: string;
  readonly routeId: string;
  /** What makes two requests the same: path, query and body. */
  readonly fingerprint: string;
}

/** Carries a creating call out once per project and key; a repetition gets the first answer. */
export type RunOnce = (
  request: ReplayRequest,
  call: (remember: RememberReply) => Promise<ManagementReply>,
) => Promise<ManagementReply>;
