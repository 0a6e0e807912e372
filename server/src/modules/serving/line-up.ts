import { sizingRules } from './engine-host-dependencies.ts';
import { residentsOf, takenBytes } from './held-worker.ts';
import { measuredBytesOf } from './measured-bytes.ts';
import type { Pass } from './reconcile-pass.ts';
import { refuse } from './refuse-unit.ts';
import { isUnitEvictable, type ServingUnit } from './serving-unit.ts';
import type { Rival } from './share-room.ts';
import { needsOf, type Sizing, sizeUnit, type UnitRoom, withMeasured } from './size-unit.ts';
import { countWorkersElsewhere } from './worker-store.ts';

export interface WaitingUnit {
  readonly unit: ServingUnit;
  readonly sizing: Sizing;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/** What was used, or made room, within this time counts as used at the same time as others. */
const rivalMs = 600_000;

/** Those that this host can run at all, with the time since when they wait. */
export async function lineUp(
  pass: Pass,
  units: readonly ServingUnit[],
  now: number,
): Promise<ReadonlyMap<string, WaitingUnit>> {
  const { host, lease, memory } = pass;
  const waiting = new Map<string, WaitingUnit>();
  const elsewhere = await countWorkersElsewhere(
    host.database,
    lease.hostId,
    units.map(({ deployment }) => deployment.id),
  );
  // Nothing makes room here for what another host runs.
  const here = units.filter(({ deployment }) => (elsewhere.get(deployment.id) ?? 0) < deployment.replicas);
  const rivals = rivalsOf(pass, here, now);
  for (const unit of here) {
    const { id } = unit.deployment;
    const others = rivals.filter(({ deployment }) => deployment.id !== id);
    const sizing = await sizingOf(pass, unit, { ...memoryOf(pass), rivals: others });
    const unable = await engineProblem(pass, unit);
    if (unable !== null) await refuse(pass, unit, sizing.needBytes, unable);
    else waiting.set(id, { unit, sizing, since: memory.waitingSince.get(id) ?? now });
  }
  memory.waitingSince.clear();
  for (const [id, { since }] of waiting) memory.waitingSince.set(id, since);
  return waiting;
}

async function sizingOf(pass: Pass, unit: ServingUnit, room: UnitRoom): Promise<Sizing> {
  const rules = sizingRules(pass.host);
  const sized = sizeUnit(unit, rules, room);
  const sizing = withMeasured(sized, await measuredBytesOf(pass, unit, sized), room);
  const moreBytes = sizing.needBytes - sizing.estimatedBytes;
  if (moreBytes === 0 || sizing.beside.length === 0) return sizing;
  // It takes more than its manifest says: its context is chosen so that the rest fits all the same.
  const smaller = { ...room, freeableBytes: room.freeableBytes - moreBytes };
  const again = sizeUnit(unit, rules, smaller);
  return { ...again, needBytes: Math.min(again.estimatedBytes + moreBytes, room.budgetBytes) };
}

function memoryOf({ host, floor }: Pass): Omit<UnitRoom, 'rivals'> {
  const budgetBytes = host.facts.memoryBudgetBytes;
  const stays = residentsOf(floor.held.values()).filter(({ evictable, leaving }) => !evictable && !leaving);
  return { budgetBytes, freeableBytes: stays.reduce((free, { needBytes }) => free - needBytes, budgetBytes) };
}

/** What is in memory and used, what waits for it, and what lately made room. */
function rivalsOf({ host, floor, memory }: Pass, waiting: readonly ServingUnit[], now: number): Rival[] {
  const rivals = new Map<string, Rival>();
  const rules = sizingRules(host);
  const add = (unit: ServingUnit, heldBytes: number | null, usedAt: number) => {
    const needs = needsOf(unit, rules);
    rivals.set(unit.deployment.id, { deployment: unit.deployment, heldBytes, ...needs, usedAt });
  };
  for (const [id, { unit, at }] of memory.yielded) {
    if (now - at > rivalMs || (floor.held.has(id) && floor.held.get(id)?.draining === null))
      memory.yielded.delete(id);
    else add(unit, null, at);
  }
  for (const held of floor.held.values()) {
    const { unit, worker, draining } = held;
    if (draining !== null || !isUnitEvictable(unit)) continue;
    const usedAt = worker.health === null ? now : worker.lastUsedAt;
    if (now - usedAt <= rivalMs) add(unit, takenBytes(held), usedAt);
  }
  for (const unit of waiting) add(unit, null, now);
  return [...rivals.values()];
}

async function engineProblem({ host }: Pass, { model }: ServingUnit): Promise<string | null> {
  const { engine } = model.manifest;
  const driver = host.drivers.get(engine);
  if (driver === undefined) return `this release has no engine ${engine}`;
  return await driver.unavailable();
}
