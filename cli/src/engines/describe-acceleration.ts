import type { Accelerator } from '../up/find-accelerator.ts';
import type { ModelProgress } from '../up/model-progress.ts';
import type { InstalledAccelerator } from './accelerator-place.ts';

export interface AccelerationFacts {
  /** What the chat model's engine told that it computes on; `null` while none is loaded. */
  readonly processor: string | null;
  readonly found: readonly Accelerator[];
  readonly installed: InstalledAccelerator | null;
  /** `linux-x64` has ready binaries for GPUs. */
  readonly platform: string;
}

export interface Acceleration {
  /** What the chat model runs on, as a phrase; `null` while none is loaded. */
  readonly runsOn: string | null;
  /** A GPU that is there and not used, and what changes that; `null` when there is none. */
  readonly unused: string | null;
}

const phrases: Readonly<Record<string, string>> = {
  cpu: 'the processor',
  cuda: 'the GPU, through CUDA',
  vulkan: 'the GPU, through Vulkan',
  metal: 'the GPU, through Metal',
};

/** What the chat model really runs on, and what could be better. */
export function describeAcceleration(facts: AccelerationFacts): Acceleration {
  const { processor } = facts;
  return {
    runsOn: processor === null ? null : (phrases[processor] ?? processor),
    unused: processor === null || processor === 'cpu' ? unused(facts) : null,
  };
}

/** What the loaded chat models compute on; one on a GPU counts before one that is not. */
export function chatProcessor(models: readonly ModelProgress[]): string | null {
  const processors = models
    .filter((model) => model.task === 'chat' && model.phase === 'ready' && model.processor !== null)
    .map((model) => model.processor);
  return processors.find((processor) => processor !== 'cpu') ?? processors[0] ?? null;
}

function unused({ processor, found, installed, platform }: AccelerationFacts): string | null {
  const [first] = found;
  if (first === undefined || first.binaries === null) return null;
  const names = found.map((each) => each.name).join('; ');
  if (platform !== 'linux-x64') return `${names}: there are no ready engine binaries for it on ${platform}`;
  if (installed?.kind !== first.binaries)
    return `${names}: \`./samovar engines install ${first.binaries}\` changes that`;
  if (processor === null) return null;
  return `${names}, though its binaries are installed: start Samovar again if it ran before, and check the driver`;
}
