/* What the console API answers about checks and measurements, as far as the commands read it. */

export interface FindingAnswer {
  readonly feature: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly detail: string;
  readonly failures: readonly string[];
}

export interface SpeedLevelAnswer {
  readonly parallel: number;
  readonly requests: number;
  readonly failures: number;
  readonly tokensPerSecond: number;
  readonly tokensPerSecondEach: number | null;
  readonly textsPerSecond: number | null;
  readonly firstTokenMs: { readonly p50: number; readonly p95: number };
}

export interface CheckAnswer {
  readonly id: string;
  readonly model: string;
  readonly version: string;
  readonly state: 'queued' | 'running' | 'done' | 'failed';
  readonly progress: number;
  readonly step: string | null;
  readonly passed: boolean | null;
  readonly findings: readonly FindingAnswer[] | null;
  readonly levels: readonly SpeedLevelAnswer[] | null;
  readonly setup: {
    readonly hardware: string;
    readonly engine: string;
    readonly options: Readonly<Record<string, string | number>>;
  } | null;
  readonly error: { readonly code: string; readonly message: string; readonly remedy: string } | null;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly endedAt: string | null;
}

export interface CheckListAnswer {
  readonly items: readonly CheckAnswer[];
}
