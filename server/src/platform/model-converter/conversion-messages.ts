import type { ConversionOrder } from '../../kernel/ports/model-converter.ts';

/** Orders that our own code carries out. */
export type OwnConversion = Exclude<ConversionOrder, { kind: 'quantise' }>;

/** Errors of the catalogue with nothing but a reason. */
export type RefusalCode = 'model.refused' | 'model.adapter_misfit';

/** Lines of JSON that the converting process writes; all but the last are progress. */
export type ConversionMessage =
  /** From 0 to 1. */
  | { readonly kind: 'progress'; readonly fraction: number }
  /** Paths of what was made, relative to the target when it is a folder; `''` is the target itself. */
  | { readonly kind: 'converted'; readonly paths: readonly string[] }
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly reason: string }
  | { readonly kind: 'failed'; readonly message: string; readonly code: string | null };
