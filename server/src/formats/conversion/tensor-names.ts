import { refusal } from '../refuse-files.ts';
import type { Architecture, TensorRule } from './architectures/architecture.ts';

/** What a tensor of the hub is. */
export interface NamedTensor {
  /** In GGUF. */
  readonly name: string;
  readonly rule: TensorRule;
  /** Which of the experts that are one tensor in GGUF; `null` for what is no expert's. */
  readonly expert: number | null;
}

const patterns = new WeakMap<TensorRule, { readonly hub: RegExp; readonly gguf: RegExp }>();

function patternsOf(rule: TensorRule) {
  const known = patterns.get(rule);
  if (known !== undefined) return known;
  const made = { hub: patternOf(rule.hub), gguf: patternOf(rule.gguf) };
  patterns.set(rule, made);
  return made;
}

function patternOf(template: string): RegExp {
  const escaped = template.replaceAll('.', '\\.');
  const named = escaped.replace('{layer}', '(?<layer>\\d{1,4})').replace('{expert}', '(?<expert>\\d{1,4})');
  return new RegExp(`^${named}\\.(?<ending>weight|bias)$`);
}

/** What a tensor of the hub is in GGUF; `null`: it is not carried over. Throws `model.refused` for a strange one. */
export function tensorOfHub(architecture: Architecture, original: string): NamedTensor | null {
  if (architecture.dropped?.test(original)) return null;
  const name = architecture.renames.reduce((text, [from, to]) => text.replace(from, to), original);
  if (architecture.dropped?.test(name)) return null;
  for (const rule of architecture.tensors) {
    const found = patternsOf(rule).hub.exec(name)?.groups;
    if (found === undefined) continue;
    const { layer = '0', expert, ending } = found;
    return {
      name: `${rule.gguf.replace('{layer}', String(Number(layer)))}.${ending}`,
      rule,
      expert: expert === undefined ? null : Number(expert),
    };
  }
  throw refusal(
    `the tensor ${original.slice(0, 120)} belongs to nothing that ${architecture.title} models have, as they are known here`,
  );
}

/**
 * What a tensor of GGUF is on the hub: a name, in which `{expert}` stands where each expert has one of its own. Throws
 * `model.refused` for a strange one.
 */
export function tensorOfGguf(
  architecture: Architecture,
  name: string,
): { readonly hub: string; readonly rule: TensorRule } {
  for (const rule of architecture.tensors) {
    const found = patternsOf(rule).gguf.exec(name)?.groups;
    if (found === undefined) continue;
    const { layer = '0', ending } = found;
    return { hub: `${rule.hub.replace('{layer}', layer)}.${ending}`, rule };
  }
  throw refusal(`the tensor ${name.slice(0, 80)} has no name in safetensors`);
}
