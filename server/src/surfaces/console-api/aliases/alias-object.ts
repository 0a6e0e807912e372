import { withPrefix } from '../../../kernel/ids.ts';
import type {
  AliasMove,
  AliasState,
  AliasTarget,
  Canary,
  ListedAlias,
  TargetNow,
} from '../../../modules/registry/index.ts';
import { timeText } from '../console-route.ts';

/** An alias as clients see it, after `aliasObject`. */
export function aliasObjectOf(alias: ListedAlias): object {
  const { targets, fallbacks, now } = alias;
  return {
    name: alias.name,
    scope: alias.scope,
    own: alias.own,
    description: alias.description,
    targets: targets.map((one, place) => ({
      ...targetOf(one),
      weight: one.weight,
      ...targetNowOf(now[place]),
    })),
    fallbacks: fallbacks.map((one, place) => ({
      ...targetOf(one),
      on: one.on,
      ...targetNowOf(now[targets.length + place]),
    })),
    deprecation: alias.deprecation,
    revision: alias.revision,
    createdAt: timeText(alias.createdAt),
    updatedAt: timeText(alias.updatedAt),
    canary: alias.canary && canaryOf(alias.canary),
  };
}

/** A move as clients see it, after `moveObject`. */
export function moveObjectOf(move: AliasMove): object {
  return {
    id: withPrefix('mov', move.id),
    action: move.action,
    before: move.before && stateOf(move.before),
    after: move.after && stateOf(move.after),
    reason: move.reason,
    canary: move.canaryId && withPrefix('can', move.canaryId),
    by: move.actor.kind === 'api-key' ? withPrefix('key', move.actor.id) : move.actor.id,
    requestId: move.requestId,
    at: timeText(move.at),
  };
}

function stateOf({ scope, description, targets, fallbacks, deprecation }: AliasState): object {
  return {
    scope,
    description,
    targets: targets.map((one) => ({ ...targetOf(one), weight: one.weight })),
    fallbacks: fallbacks.map((one) => ({ ...targetOf(one), on: one.on })),
    deprecation,
  };
}

function canaryOf(canary: Canary): object {
  return {
    id: withPrefix('can', canary.id),
    state: canary.state,
    stable: targetOf(canary.stable),
    candidate: targetOf(canary.candidate),
    steps: canary.steps,
    step: canary.step,
    stepStartedAt: timeText(canary.stepStartedAt),
    ...canary.limits,
    seen: canary.seen,
    reason: canary.reason,
    startedAt: timeText(canary.startedAt),
    endedAt: timeText(canary.endedAt),
  };
}

function targetOf({ model, modelId, versionId }: AliasTarget) {
  return {
    model,
    modelId: withPrefix('mdl', modelId),
    version: versionId === null ? null : withPrefix('ver', versionId),
  };
}

function targetNowOf(now: TargetNow | undefined) {
  const version = now?.answeringVersionId ?? null;
  return {
    state: now?.state ?? 'gone',
    answeringVersion: version === null ? null : withPrefix('ver', version),
  };
}
