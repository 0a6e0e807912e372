import { findAccelerators } from '../up/find-accelerator.ts';
import type { ModelProgress } from '../up/model-progress.ts';
import { ownCheckout, readInstalled } from './accelerator-place.ts';
import { type Acceleration, chatProcessor, describeAcceleration } from './describe-acceleration.ts';

/** What the chat model of this machine runs on; without models, what could be used. */
export async function readAcceleration(models: readonly ModelProgress[]): Promise<Acceleration> {
  return describeAcceleration({
    processor: chatProcessor(models),
    found: await findAccelerators(),
    installed: readInstalled(ownCheckout),
    platform: `${process.platform}-${process.arch}`,
  });
}
