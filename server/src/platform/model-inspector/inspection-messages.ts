import type { Inspection } from '../../kernel/ports/model-inspector.ts';

/** What the inspecting process is told, as one line of JSON on its input. */
export type InspectionOrder =
  | { readonly kind: 'inspect'; readonly folder: string; readonly paths: readonly string[] }
  | {
      readonly kind: 'unpack';
      readonly archive: string;
      readonly name: string;
      readonly target: string;
      readonly totalBytes: number;
    }
  | { readonly kind: 'compare-adapter'; readonly adapter: string; readonly base: string };

/** What it answers, as one line of JSON on its output. */
export type InspectionAnswer =
  | { readonly kind: 'inspected'; readonly inspection: Inspection }
  | { readonly kind: 'unpacked'; readonly paths: readonly string[] }
  /** `null`: the adapter fits. */
  | { readonly kind: 'compared'; readonly misfit: string | null }
  /** `model.refused`. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** A fault that is none of the files: the disk, or an error of ours. */
  | { readonly kind: 'failed'; readonly message: string; readonly code: string | null };
