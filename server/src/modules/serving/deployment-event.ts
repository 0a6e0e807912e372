import type { WorkerState } from './worker-state.ts';

/** `state`: a worker changed; `decision`: what the host decided, and why; `change`: an operator set something. */
export type DeploymentEventKind = 'state' | 'decision' | 'change';

/** Something that happened to a deployment. */
export interface NewDeploymentEvent {
  readonly deploymentId: string;
  readonly kind: DeploymentEventKind;
  readonly from?: WorkerState | null;
  readonly to?: WorkerState | null;
  /** In words, for everybody who may see the deployment; nothing of other projects or of the machine. */
  readonly reason: string;
  /** More, for those who manage models. */
  readonly detail?: Readonly<Record<string, unknown>>;
  /** When it happened, where that is not now. */
  readonly at?: Date;
}

export interface DeploymentEvent {
  /** Grows with the commits of one deployment; decimal digits. */
  readonly id: string;
  readonly at: Date;
  readonly kind: DeploymentEventKind;
  readonly from: WorkerState | null;
  readonly to: WorkerState | null;
  readonly reason: string;
  readonly detail: Readonly<Record<string, unknown>>;
}
