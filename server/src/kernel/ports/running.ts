/** A started role or model worker. */
export interface Running {
  /** Takes nothing new, lets running work end within the time, then releases everything. Safe to call twice. */
  stop(graceMs: number): Promise<void>;
}
