/* What `/api/models/plan` and `/apply` take and answer, as far as the commands read it. */

export interface FolderBody {
  readonly source?: string;
  readonly documents?: readonly { readonly path: string; readonly document: object }[];
}

export interface ItemFailure {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  /** It is tried again by itself. */
  readonly retried: boolean;
}

export interface PlanItemAnswer {
  readonly kind: 'model' | 'alias' | 'deployment' | 'document';
  readonly name: string;
  readonly action:
    | 'create'
    | 'new-version'
    | 'make-current'
    | 'fetch'
    | 'change'
    | 'later'
    | 'refused'
    | 'unchanged';
  readonly drift: boolean;
  readonly changes: readonly { readonly field: string; readonly from: unknown; readonly to: unknown }[];
  readonly missing: readonly { readonly name: string; readonly sizeBytes: number; readonly sha256: string }[];
  /** The licence that somebody has to accept. */
  readonly terms: { readonly id: string; readonly url: string | null } | null;
  readonly failure: ItemFailure | null;
}

export interface PlanAnswer {
  readonly items: readonly PlanItemAnswer[];
  readonly digest: string;
}
