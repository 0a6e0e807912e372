/** One request, as it is metered. */
export interface UsageRecord {
  /** UUIDv7 of the record: makes replaying a spool harmless. */
  readonly id: string;
  readonly requestId: string;
  readonly organizationId: string;
  readonly projectId: string;
  readonly keyId: string;
  /** As the client named it; empty when a refused request names none that can be read. */
  readonly requestedModel: string;
  /** `null` when the request failed before a model was found. */
  readonly modelName: string | null;
  readonly versionId: string | null;
  readonly endpoint: string;
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  readonly estimated: boolean;
  /** Milliseconds from arrival to the first byte of the answer's body; `null` when there was none. */
  readonly timeToFirstTokenMs: number | null;
  readonly durationMs: number;
  /** HTTP status sent; 499 when the client left first. */
  readonly status: number;
  readonly errorCode: string | null;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Where its alias sent it first, when something else answered. */
  readonly chosenVersionId: string | null;
  /** What went wrong there. */
  readonly chosenError: string | null;
}

/** Takes records without waiting; they are written in batches. */
export interface UsageMeter {
  record(record: UsageRecord): void;
}
