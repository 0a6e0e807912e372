import { selectMeasurements } from './measurement-store.ts';
import type { Pass } from './reconcile-pass.ts';
import type { ServingUnit } from './serving-unit.ts';
import { measuredOptions, type Sizing } from './size-unit.ts';

/**
 * The most that a worker of this unit had resident on this hardware, started alike; 0 when none ran. Read once for
 * each time that the unit waits.
 */
export async function measuredBytesOf(
  { host, memory }: Pass,
  unit: ServingUnit,
  sizing: Pick<Sizing, 'parallelSequences' | 'contextTokens'>,
): Promise<number> {
  const { versionId } = unit.model;
  const wanted = Object.entries(measuredOptions(unit, sizing));
  const key = JSON.stringify([versionId, unit.model.manifest.engine, wanted]);
  // Forgotten when it begins to wait anew: its last life may have taught something.
  const known = memory.waitingSince.has(unit.deployment.id) ? memory.measuredBytes.get(key) : undefined;
  if (known !== undefined) return known;
  const measured = await selectMeasurements(host.database, [versionId]);
  const bytes = measured
    .filter(
      ({ hardware, engine, options }) =>
        hardware.startsWith(`${host.facts.hardware}, `) &&
        engine === unit.model.manifest.engine &&
        (options.adapters ?? 0) === unit.adapters.length &&
        wanted.every(([name, value]) => options[name] === value),
    )
    .reduce((most, { residentBytes }) => Math.max(most, residentBytes ?? 0), 0);
  memory.measuredBytes.set(key, bytes);
  return bytes;
}
