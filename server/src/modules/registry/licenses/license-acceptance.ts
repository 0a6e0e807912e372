import type { SourceLicense } from '../../../kernel/ports/model-source.ts';
import type { Actor } from '../../audit/index.ts';

/** Who accepted which terms, and when. */
export interface LicenseAcceptance {
  readonly by: Actor;
  /** RFC 3339. */
  readonly at: string;
  /** `null` where they were accepted before they were known. */
  readonly terms: SourceLicense | null;
}
