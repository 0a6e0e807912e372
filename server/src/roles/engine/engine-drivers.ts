import type { ModelManifest } from '@samovar/contract/worker-protocol';
import { llamaCppDriver } from '../../engines/llama-cpp/driver.ts';
import { llamaServerDriver } from '../../engines/llama-server/driver.ts';
import { onnxDriver } from '../../engines/onnx/driver.ts';
import type { EngineDriver } from '../../kernel/ports/engine-driver.ts';

/** The engines of this release by name. */
export function engineDrivers(
  where: Parameters<typeof llamaServerDriver>[0],
): ReadonlyMap<ModelManifest['engine'], EngineDriver> {
  const drivers = [llamaCppDriver, llamaServerDriver(where), onnxDriver];
  return new Map(drivers.map((driver) => [driver.engine, driver]));
}
