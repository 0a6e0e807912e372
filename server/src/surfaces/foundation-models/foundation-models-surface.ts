import type { SamovarError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/ports/log.ts';
import type { NewerPolicy } from '../../kernel/ports/newer-policy.ts';
import type { Classify } from '../../modules/classification/index.ts';
import type { MeterRefused, StartInference } from '../../modules/inference/index.ts';
import type { SubmitRequest } from '../../modules/inference-queue/index.ts';
import type { OperationAccess } from '../../modules/operations/index.ts';
import type { ModelPolicy } from '../../modules/registry/index.ts';

export interface FoundationModelsSurface {
  readonly startInference: StartInference;
  readonly meterRefused: MeterRefused;
  readonly classify: Classify;
  readonly submitRequest: SubmitRequest;
  readonly operations: Pick<OperationAccess, 'get' | 'cancel'>;
  /** `host:port` of the gRPC services for a client that reached us by this `Host` (or `:authority`). */
  grpcAddress(host: string | undefined): string;
  /** The policy snapshot of the moment. */
  policy(): ModelPolicy;
  readonly newerPolicy: NewerPolicy;
  readonly log: Log;
  /** What was thrown, as one of our codes; a failed connection of a store is no internal fault. */
  mapError(thrown: unknown): SamovarError;
}
