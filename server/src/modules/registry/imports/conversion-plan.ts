import { SamovarError } from '../../../kernel/errors.ts';
import type { PlainType, WeightType } from '../../../kernel/ports/model-converter.ts';
import type { Inspection } from '../../../kernel/ports/model-inspector.ts';
import type { ImportRequest } from './import-request.ts';

/** What is made of an import's files before they are stored. */
export type ConversionPlan =
  /** `plain`: the type of the GGUF file; `quantized`: what that becomes. */
  | { readonly kind: 'model'; readonly plain: PlainType | null; readonly quantized: WeightType | null }
  | { readonly kind: 'quantise'; readonly type: WeightType }
  | { readonly kind: 'adapter' };

/** `null`: the files are stored as they are. Throws `request.invalid` for a type that cannot be given to them. */
export function conversionPlan({ wanted }: ImportRequest, inspection: Inspection): ConversionPlan | null {
  const { servable, facts } = inspection;
  const type = wanted.quantization ?? null;
  if (servable === 'convert') {
    if (type === null) return { kind: 'model', plain: null, quantized: null };
    return isPlain(type)
      ? { kind: 'model', plain: type, quantized: null }
      : { kind: 'model', plain: null, quantized: type };
  }
  if (servable === 'as-is' && facts.engine === 'llama-cpp')
    return type === null || facts.quantization === type ? null : { kind: 'quantise', type };
  if (type !== null)
    throw new SamovarError('request.invalid', {
      params: {
        parameter: 'quantization',
        reason: 'only models in safetensors or GGUF can be given another type, no adapters and no ONNX files',
      },
      field: 'quantization',
    });
  return facts.adapter?.format === 'peft' ? { kind: 'adapter' } : null;
}

/** What our own conversion writes; Q8_0 is the same there and in llama-quantize. */
function isPlain(type: WeightType): type is PlainType {
  return type === 'F32' || type === 'F16' || type === 'BF16' || type === 'Q8_0';
}
