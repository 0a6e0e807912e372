import type { ModelManifest } from '@samovar/contract/worker-protocol';
import { llamaCppDriver } from '../../engines/llama-cpp/driver.ts';
import { onnxDriver } from '../../engines/onnx/driver.ts';
import type { EngineDriver } from '../../kernel/ports/engine-driver.ts';

/** The engines of this release by name. */
export function engineDrivers(): ReadonlyMap<ModelManifest['engine'], EngineDriver> {
  const drivers = [llamaCppDriver, onnxDriver];
  return new Map(drivers.map((driver) => [driver.engine, driver]));
}
