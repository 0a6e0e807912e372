import { architecturesPage } from './architectures-page.ts';
import { errorPages } from './error-pages.ts';
import type { GeneratedPage } from './generated-page.ts';
import { parametersPage } from './parameters-page.ts';
import { settingsPage } from './settings-page.ts';

/** Every page of docs/reference that is made from the code. */
export function allPages(): GeneratedPage[] {
  return [parametersPage(), settingsPage(), architecturesPage(), ...errorPages()];
}
