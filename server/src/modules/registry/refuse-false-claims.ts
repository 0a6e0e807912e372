import type { ModelManifest } from '@samovar/contract/worker-protocol';
import { SamovarError } from '../../kernel/errors.ts';
import type { Inspection } from '../../kernel/ports/model-inspector.ts';
import { isFreerLicense } from './licenses/is-freer-license.ts';

/** Published counts leave out or count twice what embeddings and outputs share. */
const parameterTolerance = 2;

/**
 * Holds what a declared manifest says against what its files are; it may say less. Throws `model.manifest_invalid` that
 * names all that would mislead who reads the manifest, or the machine that makes room for the model.
 */
export function refuseFalseClaims(manifest: ModelManifest, inspection: Inspection): void {
  const faults = [...licenseFaults(manifest, inspection), ...wholeFaults(manifest, inspection)];
  if (faults.length === 0 && isGguf(inspection)) faults.push(...ggufFaults(manifest, inspection));
  if (faults.length === 0) return;
  throw new SamovarError('model.manifest_invalid', {
    params: { name: manifest.name, reason: `it contradicts its files: ${faults.join('; ')}` },
  });
}

/** Whoever reads the manifest must not take what comes under terms for free. */
function* licenseFaults({ license }: ModelManifest, { facts }: Inspection): Iterable<string> {
  const found = facts.license.id;
  if (isFreerLicense(license.id, found))
    yield `license.id is ${found}, not ${license.id}: write ${found}, or other where you have been given terms of your own`;
}

function isGguf({ files, servable }: Inspection): boolean {
  return servable === 'as-is' && files.some(({ format }) => format === 'gguf');
}

function* wholeFaults(manifest: ModelManifest, { facts, servable }: Inspection): Iterable<string> {
  if (servable === 'convert') {
    yield 'no engine runs them as they are: import the model, which converts it';
    return;
  }
  const isAdapter = facts.adapter !== undefined;
  if (isAdapter !== (manifest.adapter !== undefined)) {
    yield isAdapter ? 'they are a LoRA adapter' : 'they are no LoRA adapter';
    return;
  }
  if (isAdapter) return;
  if (engineKind(manifest.engine) !== engineKind(facts.engine))
    yield `engine ${manifest.engine} does not run them, ${facts.engine} does`;
  if (manifest.task !== facts.task) yield `task is ${facts.task}, not ${manifest.task}`;
  const [declared, found] = [manifest.embedding?.dimensions, facts.embedding?.dimensions];
  if (declared !== undefined && found !== undefined && declared !== found)
    yield `embedding.dimensions is ${found}, not ${declared}`;
}

/** What a GGUF file says of itself is what the engine goes by. */
function* ggufFaults(manifest: ModelManifest, { facts }: Inspection): Iterable<string> {
  if (manifest.architecture !== facts.architecture)
    yield `architecture is ${facts.architecture}, not ${manifest.architecture}`;
  const [declared, found] = [weightKind(manifest.quantization), weightKind(facts.quantization)];
  if (declared !== null && found !== null && declared !== found)
    yield `quantization is ${facts.quantization}, not ${manifest.quantization}`;
  const ratio = manifest.parameters / facts.parameters;
  if (manifest.parameters > 0 && (ratio > parameterTolerance || ratio < 1 / parameterTolerance))
    yield `parameters are ${facts.parameters}, not ${manifest.parameters}`;
  if (manifest.contextTokens > facts.contextTokens)
    yield `contextTokens is at most ${facts.contextTokens}, not ${manifest.contextTokens}: the file declares no scaling of positions beyond what it was trained for`;
  const hasTemplate = typeof manifest.engineOptions.chatTemplate === 'string';
  for (const capability of ['chat', 'tools'] as const)
    if (
      manifest.capabilities.includes(capability) &&
      !facts.capabilities.includes(capability) &&
      !hasTemplate
    )
      yield `capabilities do not include ${capability}: the file has no chat template that can be used, and engineOptions.chatTemplate gives none`;
}

/** Both engines of GGUF files run the same ones. */
function engineKind(engine: ModelManifest['engine']): string {
  return engine === 'llama-server' ? 'llama-cpp' : engine;
}

/** `Q4` of `Q4_K_M` and of `UD-Q4_K_XL`: publishers name mixtures as they like. `null` for a name of another kind. */
function weightKind(quantization: string): string | null {
  return /(?:^|[^A-Z])((?:IQ|TQ|Q|BF|F|MXFP|NVFP)\d+)/i.exec(quantization)?.[1]?.toUpperCase() ?? null;
}
