import { type ShownSetting, shownSettings } from '@samovar/contract/settings/shown-settings';
import { resolveOwnSettings } from './load-settings.ts';

/** Every setting of this process as it may be shown, with its source. */
export function describeSettings(): readonly ShownSetting[] {
  return shownSettings(resolveOwnSettings({}));
}
